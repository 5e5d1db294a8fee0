/* expr.c -- a recursive-descent parser into a tree of typed nodes, and its evaluator.
 *
 * All nodes lie in one array inside the expression; its fixed size also bounds how deep the
 * evaluator can go. Types are settled while parsing, so evaluation only meets arithmetic
 * faults. */
#include "nudge/expr.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 256, DEPTH_MAX = 64, WORD_MAX = 64, FAILED = -1 };

typedef enum type { NUMBER, TRUTH, NAME } type;

typedef enum op {
    OP_NUMBER, /* x                         */
    OP_PARAM,  /* value of row, a number    */
    OP_WORD,   /* a name as written         */
    OP_NAMED,  /* value of row, a name      */
    OP_CALL1,  /* function of a             */
    OP_CALL2,  /* function of a and b       */
    OP_NEGATE,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_POWER,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_SAME, /* of two names */
    OP_DIFFERENT,
    OP_AND,
    OP_OR,
    OP_NOT,
} op;

typedef struct node {
    op op;
    type type;
    int a, b; /* operands, by index; function for OP_CALL in f */
    size_t f;
    double x;
    const nd_param *row;
    const char *word; /* OP_WORD: (length), in the expression's own text */
    size_t length;
    size_t at; /* byte of the text, for faults */
} node;

struct nd_expr {
    char *text;
    int root, n;
    node nodes[NODES_MAX];
};

static const struct {
    const char *name;
    double (*one)(double);
    double (*two)(double, double);
} functions[] = {
    {"abs", fabs, NULL},    {"sqrt", sqrt, NULL},   {"exp", exp, NULL},
    {"log", log, NULL},     {"log10", log10, NULL}, {"round", round, NULL},
    {"floor", floor, NULL}, {"ceil", ceil, NULL},   {"min", NULL, fmin},
    {"max", NULL, fmax},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

/* ---- the parser's state ---- */

typedef struct parser {
    nd_expr *e;
    size_t i; /* next byte */
    int depth;
    size_t *at; /* where the first fault is */
    nd_err *err;
} parser;

/* Says what is wrong, and where; FAILED, to be passed up. */
static int fault(parser *p, size_t where, const char *fmt, ...) ND_PRINTF(3, 4);
static int fault(parser *p, size_t where, const char *fmt, ...)
{
    char message[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    *p->at = where;
    ND_FAIL(p->err, ND_EINPUT, "%s", message);
    return FAILED;
}

static int new_node(parser *p, node n)
{
    if (p->e->n == NODES_MAX)
        return fault(p, n.at, "the expression is too long: more than %d parts", NODES_MAX);
    p->e->nodes[p->e->n] = n;
    return p->e->n++;
}

static const char *here(parser *p)
{
    while (isspace((unsigned char)p->e->text[p->i]))
        p->i++;
    return p->e->text + p->i;
}

static size_t word_length(const char *s, const char *more)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || (s[n] && strchr(more, s[n])))
        n++;
    return n;
}

/* Takes the symbol if it comes next. */
static bool take(parser *p, const char *symbol)
{
    const size_t n = strlen(symbol);
    if (strncmp(here(p), symbol, n) != 0) return false;
    p->i += n;
    return true;
}

/* Takes the word if it comes next, whole. */
static bool take_word(parser *p, const char *word)
{
    const char *s = here(p);
    if (word_length(s, "_.") != strlen(word)) return false;
    return take(p, word);
}

static const node *at(const parser *p, int i)
{
    return &p->e->nodes[i];
}

/* ---- types ---- */

static int unknown_name(parser *p, const char *name, size_t where)
{
    const char *near = nd_param_nearest(name);
    if (near)
        return fault(p, where, "\"%.64s\" is not a parameter; did you mean \"%s\"?", name,
                     near);
    return fault(p, where,
                 "\"%.64s\" is not a parameter; `nudge help params` lists them all", name);
}

/* The operand i must be of this type. */
static bool must_be(parser *p, int i, type wanted)
{
    const node *n = at(p, i);
    if (n->type == wanted) return true;
    if (n->op == OP_WORD) {
        char word[WORD_MAX];
        nd_copy(word, n->length < WORD_MAX ? n->length + 1 : WORD_MAX, n->word);
        unknown_name(p, word, n->at);
    } else if (n->type == NAME) {
        fault(p, n->at, "%s is a name: it compares with == and !=, and nothing else",
              n->row->name);
    } else if (wanted == TRUTH) {
        fault(p, n->at, "a condition is needed here, such as ep.beta > 0.1");
    } else {
        fault(p, n->at, "a number is needed here, not a condition");
    }
    return false;
}

/* The word must be a choice of the parameter it is compared with. */
static bool must_be_choice(parser *p, const node *word, const nd_param *row)
{
    if (row->type != ND_TYPE_CHOICE) return true;
    char text[WORD_MAX];
    nd_copy(text, word->length < WORD_MAX ? word->length + 1 : WORD_MAX, word->word);
    nd_params scratch;
    nd_params_defaults(&scratch);
    *p->at = word->at;
    return nd_param_set(&scratch, row, text, p->err) == ND_OK;
}

static int compare_names(parser *p, op o, int a, int b, size_t where)
{
    const node *x = at(p, a), *y = at(p, b);
    if (x->op == OP_WORD && y->op == OP_WORD) {
        must_be(p, a, NUMBER);
        return FAILED;
    }
    if (x->op == OP_WORD && !must_be_choice(p, x, y->row)) return FAILED;
    if (y->op == OP_WORD && !must_be_choice(p, y, x->row)) return FAILED;
    return new_node(p, (node){.op = o == OP_EQUAL ? OP_SAME : OP_DIFFERENT,
                              .type = TRUTH,
                              .a = a,
                              .b = b,
                              .at = where});
}

/* ---- the grammar, tightest first ---- */

static int parse_or(parser *p);
static int parse_power(parser *p);

static int parse_number(parser *p)
{
    const char *s = here(p);
    const size_t where = p->i;
    size_t n = strspn(s, "0123456789.");
    if (n && (s[n] == 'e' || s[n] == 'E')) {
        const size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
        const size_t digits = strspn(s + n + 1 + sign, "0123456789");
        if (digits) n += 1 + sign + digits;
    }
    char number[WORD_MAX];
    double x;
    if (n < sizeof number) {
        nd_copy(number, n + 1, s);
        if (nd_parse_real(number, &x)) {
            p->i += n;
            return new_node(p,
                            (node){.op = OP_NUMBER, .type = NUMBER, .x = x, .at = where});
        }
    }
    return fault(p, where, "not a number: \"%.*s\"", (int)(n < 40 ? n : 40), s);
}

static int parse_quoted(parser *p)
{
    const char *s = here(p);
    const size_t where = p->i;
    const char *end = strchr(s + 1, *s);
    if (!end) return fault(p, where, "the closing quote (%c) is missing", *s);
    p->i += (size_t)(end - s) + 1;
    return new_node(p, (node){.op = OP_WORD,
                              .type = NAME,
                              .word = s + 1,
                              .length = (size_t)(end - s) - 1,
                              .at = where});
}

static int parse_call(parser *p, size_t f, size_t where)
{
    if (!take(p, "("))
        return fault(p, p->i, "%s takes its arguments in parentheses", functions[f].name);
    int a = parse_or(p);
    if (a == FAILED || !must_be(p, a, NUMBER)) return FAILED;
    if (functions[f].one)
        a = new_node(p,
                     (node){.op = OP_CALL1, .type = NUMBER, .f = f, .a = a, .at = where});
    else if (*here(p) != ',')
        return fault(p, p->i, "%s takes two or more arguments", functions[f].name);
    while (a != FAILED && functions[f].two && take(p, ",")) {
        const int b = parse_or(p);
        if (b == FAILED || !must_be(p, b, NUMBER)) return FAILED;
        a = new_node(
            p, (node){.op = OP_CALL2, .type = NUMBER, .f = f, .a = a, .b = b, .at = where});
    }
    if (a == FAILED) return FAILED;
    if (!take(p, ")"))
        return fault(p, p->i, "\")\" is missing after the argument%s of %s",
                     functions[f].two ? "s" : "", functions[f].name);
    return a;
}

static int parse_param(parser *p, const char *name, size_t where)
{
    const nd_param *row = nd_param_find(name);
    if (!row) return unknown_name(p, name, where);
    if (row->type == ND_TYPE_INTS || row->type == ND_TYPE_REALS)
        return fault(p, where, "%s is %s: expressions take single values", name,
                     nd_type_text(row->type));
    const bool number = row->type == ND_TYPE_INT || row->type == ND_TYPE_REAL;
    return new_node(p, (node){.op = number ? OP_PARAM : OP_NAMED,
                              .type = number ? NUMBER : NAME,
                              .row = row,
                              .at = where});
}

/* A parameter has a dot. What has none is a function, true, false, or a name, which may
 * hold hyphens: one-sided. */
static int parse_word(parser *p)
{
    const char *s = here(p);
    const size_t where = p->i;
    const bool truth = take_word(p, "true");
    if (truth || take_word(p, "false"))
        return new_node(p, (node){.op = OP_NUMBER, .type = TRUTH, .x = truth, .at = where});
    for (size_t f = 0; f < N_FUNCTIONS; f++)
        if (take_word(p, functions[f].name)) return parse_call(p, f, where);
    char word[WORD_MAX];
    size_t n = word_length(s, "_.");
    const bool dotted = memchr(s, '.', n) != NULL;
    if (!dotted) n = word_length(s, "_-");
    if (n >= sizeof word) return fault(p, where, "\"%.40s...\" is not a name", s);
    nd_copy(word, n + 1, s);
    p->i += n;
    if (dotted) return parse_param(p, word, where);
    if (*here(p) == '(') {
        nd_nearest near = nd_nearest_to(word);
        for (size_t f = 0; f < N_FUNCTIONS; f++)
            nd_nearest_try(&near, functions[f].name);
        return fault(p, where, "there is no function \"%s\"%s%s", word,
                     near.best ? "; did you mean " : "", near.best ? near.best : "");
    }
    return new_node(
        p, (node){.op = OP_WORD, .type = NAME, .word = s, .length = n, .at = where});
}

static int parse_primary(parser *p)
{
    const char c = *here(p);
    if (isdigit((unsigned char)c) || c == '.') return parse_number(p);
    if (isalpha((unsigned char)c) || c == '_') return parse_word(p);
    if (c == '"' || c == '\'') return parse_quoted(p);
    if (!c) return fault(p, p->i, "the expression ends where a value is needed");
    if (!take(p, "("))
        return fault(p, p->i, "a value is needed here, not %.*s",
                     isprint((unsigned char)c) ? 1 : 4, here(p));
    const int inner = parse_or(p);
    if (inner != FAILED && !take(p, ")")) return fault(p, p->i, "\")\" is missing here");
    return inner;
}

static int parse_unary(parser *p)
{
    here(p);
    const size_t where = p->i;
    if (!take(p, "-")) return parse_power(p);
    if (++p->depth > DEPTH_MAX) return fault(p, where, "nested too deep");
    const int a = parse_unary(p);
    p->depth--;
    if (a == FAILED || !must_be(p, a, NUMBER)) return FAILED;
    return new_node(p, (node){.op = OP_NEGATE, .type = NUMBER, .a = a, .at = where});
}

static int parse_power(parser *p)
{
    const int a = parse_primary(p);
    if (a == FAILED) return FAILED;
    here(p);
    const size_t where = p->i;
    if (!take(p, "^")) return a;
    if (++p->depth > DEPTH_MAX) return fault(p, where, "nested too deep");
    const int b = parse_unary(p);
    p->depth--;
    if (b == FAILED || !must_be(p, a, NUMBER) || !must_be(p, b, NUMBER)) return FAILED;
    return new_node(p, (node){.op = OP_POWER, .type = NUMBER, .a = a, .b = b, .at = where});
}

/* Operators of one level, all to the left. */
typedef struct level {
    const char *symbols[2];
    op ops[2];
    type type; /* of the operands and of what comes out */
    int (*below)(parser *);
} level;

static int parse_level(parser *p, const level *l)
{
    int a = l->below(p);
    while (a != FAILED) {
        here(p);
        const size_t where = p->i;
        int k = 0;
        while (k < 2 && !(l->symbols[k] && (l->type == TRUTH ? take_word(p, l->symbols[k])
                                                             : take(p, l->symbols[k]))))
            k++;
        if (k == 2) break;
        const int b = must_be(p, a, l->type) ? l->below(p) : FAILED;
        if (b == FAILED || !must_be(p, b, l->type)) return FAILED;
        a = new_node(p,
                     (node){.op = l->ops[k], .type = l->type, .a = a, .b = b, .at = where});
    }
    return a;
}

static int parse_product(parser *p)
{
    static const level l = {{"*", "/"}, {OP_MULTIPLY, OP_DIVIDE}, NUMBER, parse_unary};
    return parse_level(p, &l);
}

static int parse_sum(parser *p)
{
    static const level l = {{"+", "-"}, {OP_ADD, OP_SUBTRACT}, NUMBER, parse_product};
    return parse_level(p, &l);
}

static bool take_comparison(parser *p, op *out)
{
    static const struct {
        const char *symbol;
        op op;
    } table[] = {
        {"<=", OP_LESS_EQUAL}, {">=", OP_GREATER_EQUAL}, {"==", OP_EQUAL},
        {"!=", OP_UNEQUAL},    {"<", OP_LESS},           {">", OP_GREATER},
    };
    for (size_t k = 0; k < sizeof table / sizeof *table; k++)
        if (take(p, table[k].symbol)) {
            *out = table[k].op;
            return true;
        }
    return false;
}

static int parse_comparison(parser *p)
{
    const int a = parse_sum(p);
    if (a == FAILED) return FAILED;
    here(p);
    const size_t where = p->i;
    op o;
    if (!take_comparison(p, &o)) {
        if (*here(p) == '=') return fault(p, p->i, "write == to compare");
        return a;
    }
    const int b = parse_sum(p);
    if (b == FAILED) return FAILED;
    if ((o == OP_EQUAL || o == OP_UNEQUAL) && at(p, a)->type == NAME &&
        at(p, b)->type == NAME)
        return compare_names(p, o, a, b, where);
    if (!must_be(p, a, NUMBER) || !must_be(p, b, NUMBER)) return FAILED;
    op again;
    here(p);
    const size_t second = p->i;
    if (take_comparison(p, &again))
        return fault(p, second, "comparisons do not chain: join two of them with `and`");
    return new_node(p, (node){.op = o, .type = TRUTH, .a = a, .b = b, .at = where});
}

static int parse_not(parser *p)
{
    here(p);
    const size_t where = p->i;
    if (!take_word(p, "not")) return parse_comparison(p);
    if (++p->depth > DEPTH_MAX) return fault(p, where, "nested too deep");
    const int a = parse_not(p);
    p->depth--;
    if (a == FAILED || !must_be(p, a, TRUTH)) return FAILED;
    return new_node(p, (node){.op = OP_NOT, .type = TRUTH, .a = a, .at = where});
}

static int parse_and(parser *p)
{
    static const level l = {{"and", NULL}, {OP_AND, OP_AND}, TRUTH, parse_not};
    return parse_level(p, &l);
}

static int parse_or(parser *p)
{
    static const level l = {{"or", NULL}, {OP_OR, OP_OR}, TRUTH, parse_and};
    if (++p->depth > DEPTH_MAX) return fault(p, p->i, "nested too deep");
    const int a = parse_level(p, &l);
    p->depth--;
    return a;
}

nd_code nd_expr_parse(const char *text, nd_expr_kind want, nd_expr **out, size_t *fault_at,
                      nd_err *err)
{
    *out = NULL;
    *fault_at = 0;
    nd_expr *e = calloc(1, sizeof *e);
    if (e) e->text = strdup(text);
    if (!e || !e->text) {
        nd_expr_free(e);
        return ND_FAIL(err, ND_ENOMEM, "no memory for an expression");
    }
    parser p = {.e = e, .at = fault_at, .err = err};
    e->root = parse_or(&p);
    bool ok = e->root != FAILED;
    if (ok && *here(&p)) {
        ok = false;
        fault(&p, p.i, "the expression should end before \"%.20s\"", here(&p));
    }
    ok = ok && must_be(&p, e->root, want == ND_EXPR_TRUTH ? TRUTH : NUMBER);
    if (ok)
        *out = e;
    else
        nd_expr_free(e);
    return ok ? ND_OK : ND_EINPUT;
}

void nd_expr_free(nd_expr *e)
{
    if (!e) return;
    free(e->text);
    free(e);
}

bool nd_expr_uses(const nd_expr *e, const nd_param *row)
{
    for (int i = 0; i < e->n; i++)
        if (e->nodes[i].row == row) return true;
    return false;
}

/* ---- evaluation ---- */

/* A number; a truth as 0 or 1. */
static nd_code evaluate(const nd_expr *e, int i, const nd_params *p, double *out,
                        nd_err *err);

static double compare(op o, double a, double b)
{
    switch (o) {
    case OP_LESS:
        return a < b;
    case OP_LESS_EQUAL:
        return a <= b;
    case OP_GREATER:
        return a > b;
    case OP_GREATER_EQUAL:
        return a >= b;
    case OP_EQUAL:
        return a == b;
    default: /* OP_UNEQUAL */
        return a != b;
    }
}

static double compute(const node *n, double a, double b)
{
    switch (n->op) {
    case OP_CALL1:
        return functions[n->f].one(a);
    case OP_CALL2:
        return functions[n->f].two(a, b);
    case OP_NEGATE:
        return -a;
    case OP_NOT:
        return !(a != 0);
    case OP_ADD:
        return a + b;
    case OP_SUBTRACT:
        return a - b;
    case OP_MULTIPLY:
        return a * b;
    case OP_DIVIDE:
        return a / b;
    case OP_POWER:
        return pow(a, b);
    default:
        return compare(n->op, a, b);
    }
}

/* The characters of a name, in the table's text or the expression's. */
static const char *name_of(const node *n, const nd_params *p, size_t *length)
{
    if (n->op == OP_WORD) {
        *length = n->length;
        return n->word;
    }
    const void *field = (const char *)p + n->row->offset;
    const char *s = n->row->type == ND_TYPE_CHOICE
                        ? n->row->choices[*(const int64_t *)field]
                        : ((const nd_path *)field)->s;
    *length = strlen(s);
    return s;
}

static bool same_name(const nd_expr *e, const node *n, const nd_params *p)
{
    size_t la, lb;
    const char *a = name_of(&e->nodes[n->a], p, &la);
    const char *b = name_of(&e->nodes[n->b], p, &lb);
    return la == lb && !memcmp(a, b, la);
}

static bool unary(op o)
{
    return o == OP_CALL1 || o == OP_NEGATE || o == OP_NOT;
}

static nd_code evaluate(const nd_expr *e, int i, const nd_params *p, double *out,
                        nd_err *err)
{
    const node *n = &e->nodes[i];
    switch (n->op) {
    case OP_NUMBER:
        *out = n->x;
        return ND_OK;
    case OP_PARAM:
        (void)nd_param_number(p, n->row, out); /* INT or REAL: the parser saw to it */
        return ND_OK;
    case OP_SAME:
    case OP_DIFFERENT:
        *out = same_name(e, n, p) == (n->op == OP_SAME);
        return ND_OK;
    default:
        break;
    }
    double a, b = 0;
    ND_TRY(evaluate(e, n->a, p, &a, err));
    if ((n->op == OP_AND && a == 0) || (n->op == OP_OR && a != 0)) {
        *out = a;
        return ND_OK;
    }
    if (!unary(n->op)) ND_TRY(evaluate(e, n->b, p, &b, err));
    if (n->op == OP_AND || n->op == OP_OR) {
        *out = b;
        return ND_OK;
    }
    if (n->op == OP_DIVIDE && b == 0)
        return ND_FAIL(err, ND_EINPUT, "division by zero in \"%.200s\"", e->text);
    *out = compute(n, a, b);
    if (!isfinite(*out))
        return ND_FAIL(err, ND_EINPUT, "\"%.200s\" leaves the finite numbers", e->text);
    return ND_OK;
}

nd_code nd_expr_number(const nd_expr *e, const nd_params *p, double *out, nd_err *err)
{
    return evaluate(e, e->root, p, out, err);
}

nd_code nd_expr_truth(const nd_expr *e, const nd_params *p, bool *out, nd_err *err)
{
    double x = 0;
    ND_TRY(evaluate(e, e->root, p, &x, err));
    *out = x != 0;
    return ND_OK;
}
