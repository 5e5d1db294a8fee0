#!/usr/bin/env bash
# Is the house built as it was drawn? Who includes whom, who owns which system header, whether
# headers stand alone, stems are unique, only the command line exits or prints, and nothing
# but what is listed here is a mutable object at file scope. At the end each rule is shown a
# house in which it is broken, and has to notice.
. tests/lib.sh

cc=${CC:-cc}
flags=(-std=c11 -D_GNU_SOURCE -Iinclude -Isrc)

# folder: the folders whose headers it may include, besides its own
declare -A may_use=(
    [base]=""
    [kern]="base"
    [schema]="base"
    [sched]="base"
    [num]="base kern schema"
    [sweep]="base schema"
    [data]="base schema"
    [store]="base schema"
    [device]="base kern schema num"
    [model]="base kern schema num data device"
    [trial]="base kern schema num data device model"
    [campaign]="base kern schema num sweep data store sched device model trial"
    [analysis]="base schema num store"
    [cli]="base kern schema num sweep data store sched device model trial campaign analysis"
)

# Headers without a source of their stem, and tables: where they belong. All others belong to
# the folder that has the .c (or _impl.h) of their stem. choices.h and the tables it is made of
# are names without code, which everyone may use.
declare -A belongs=(
    [philox.h]=base [errors.def]=base [choices.h]=base [models.def]=base [devices.def]=base
    [programs.def]=base [presets.def]=base [activations.def]=base [datasets.def]=base
    [optimisers.def]=base
    [designs.def]=sweep
    [versions.h]=base # each function of it is defined by the one file that knows
    [kern.h]=kern [kern.def]=kern
    [params.def]=schema [metrics.def]=schema [statuses.def]=schema
    [transport.h]=sched [templates.h]=analysis
)

# system header: the one file or folder that includes it
declare -A owner=(
    [mpi.h]=src/sched/transport_mpi.c
    [netcdf.h]=src/store/
    [fftw3.h]=src/num/fourier.c
    [yaml.h]=src/sweep/yaml.c
    [immintrin.h]=src/kern/
    [zlib.h]=src/data/
)

# Mutable objects at file scope, as object:name (patterns).
allowed_state=(
    "base/log.o:sink"       # where the log goes, set once by the command line
    "kern/dispatch.o:chosen" # the kernels of this machine, set once
    "campaign/signals.o:caught" # the signal that came
    "sched/trial_server.o:stop_asked" # ... to a trial that is cancelled
)

# All of the following work on the tree in the current folder and print what is wrong.

sources() { find src analysis -name '*.[ch]' 2>/dev/null; }

# These two answer in a variable: a subshell for each of some hundred includes would take long.
folder='' home=''
folder_of() { # of a source path
    folder=${1%%/*}
    [ "$folder" != src ] || { folder=${1#src/} && folder=${folder%%/*}; }
}

home_of() { # of a header in include/nudge: its folder, or nothing
    local f stem=${1%.*}
    home=${belongs[$1]:-}
    [ -z "$home" ] || return 0
    for f in src/*/"$stem".c src/*/"${stem}"_impl.h analysis/"$stem".c; do
        [ ! -e "$f" ] || { folder_of "$f" && home=$folder; }
    done
}

arrow() { # arrow PLACE FROM TO HEADER
    [ "$2" = "$3" ] || [[ " ${may_use[$2]} " == *" $3 "* ]] || echo "$1: $2 may not use $3 ($4)"
}

wrong_includes() {
    local file line rest header from
    local form='#[[:space:]]*include[[:space:]]*([<"])([^>"]*)[>"]'
    while IFS=: read -r file line rest; do
        [[ $rest =~ $form ]] || continue
        header=${BASH_REMATCH[2]}
        case $file in
        include/nudge/*) home_of "${file##*/}" && from=$home ;;
        *) folder_of "$file" && from=$folder ;;
        esac
        if [ -z "$from" ] || [ -z "${may_use[$from]+x}" ]; then
            echo "$file: no layer owns it"
            continue
        fi
        if [ -n "${owner[$header]:-}" ]; then
            [[ $file == "${owner[$header]}"* ]] || echo "$file:$line: $header belongs to ${owner[$header]}"
        fi
        [ "${BASH_REMATCH[1]}" = '"' ] || continue
        case $header in
        nudge/*)
            home_of "${header#nudge/}"
            if [ -n "$home" ]; then
                arrow "$file:$line" "$from" "$home" "$header"
            else
                echo "$file:$line: no layer owns $header"
            fi
            ;;
        */*) arrow "$file:$line" "$from" "${header%%/*}" "$header" ;;
        *) [ -e "${file%/*}/$header" ] || echo "$file:$line: $header is not in ${file%/*}" ;;
        esac
    done < <({ sources && ls include/nudge/*.h; } | xargs grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]' /dev/null)
}

alone() { # alone HEADER FLAG...
    "$cc" "${flags[@]}" "${@:2}" -Wno-unused-function -x c -fsyntax-only -include "$1" /dev/null \
        2>"$TMP/alone" || {
        echo "$1 does not compile alone:"
        head -n 3 "$TMP/alone"
    }
}

headers_not_alone() {
    local h
    local scalar=(-DND_ISA=scalar -DND_ISA_scalar)
    local avx2=(-mavx2 -mfma -DND_ISA=avx2 -DND_ISA_avx2)
    local avx512=(-mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -DND_ISA=avx512 -DND_ISA_avx512)
    for h in include/nudge/*.h $(sources | grep '\.h$'); do
        case $h in
        src/kern/vec_scalar.h | src/kern/vec_avx*.h | src/kern/vec_x86.h) ;; # the parts of vec.h
        src/kern/vec.h)
            alone "$h" "${scalar[@]}"
            if [ "$(uname -m)" = x86_64 ]; then
                alone "$h" "${avx2[@]}"
                alone "$h" "${avx512[@]}"
            fi
            ;;
        src/kern/*) alone "$h" "${scalar[@]}" ;;
        *) alone "$h" ;;
        esac
    done
}

repeated_stems() {
    find src analysis -name '*.c' | sed 's|.*/||' | sort | uniq -d | sed 's/$/: more than one source has this name/'
}

exits_and_prints() {
    local file hits calls='\b(exit|printf|puts|putchar)[[:space:]]*\(|\bstdout\b'
    while read -r file; do
        # without comments and strings
        hits=$("$cc" -fpreprocessed -dD -E -P -w "$file" 2>/dev/null | sed 's/"[^"]*"/""/g' |
            grep -E "$calls")
        [ -z "$hits" ] || echo "$file: exits or prints: $hits"
    done < <(find src -name '*.[ch]' ! -path 'src/cli/*' -print0 | xargs -0 grep -lE "$calls")
}

mutable_state() { # mutable_state FOLDER_OF_OBJECTS
    local object name place pattern
    while IFS=: read -r object name; do
        place=${object#*src/}
        for pattern in "${allowed_state[@]}"; do
            # the list holds patterns
            # shellcheck disable=SC2053
            [[ "$place:$name" == $pattern ]] && continue 2
        done
        echo "$place: $name is a mutable object at file scope"
    done < <(find "$1" -name '*.o' ! -path '*/tests/*' ! -name templates.o -print0 | xargs -0r objdump -t |
        awk '/file format/ { sub(":.*", "", $1); object = $1 }
             # flags, section, size, name; data that is constant once relocated is no state
             / O / && ($4 ~ /^\.(data|bss|tdata|tbss)/ || $3 ~ /^\.(data|bss|tdata|tbss)/ || / \*COM\*/) &&
                 !/\.data\.rel\.ro/ { print object ":" $NF }' |
        grep -vE ':(__odr_asan|__compound_literal|\.L)')
}

nothing_from() { # the rule finds nothing
    local found
    found=$("$@")
    [ -z "$found" ] && return
    echo "$found"
    return 1
}

check "includes follow the layers" nothing_from wrong_includes
check "headers compile alone" nothing_from headers_not_alone
check "source names are unique" nothing_from repeated_stems
check "only src/cli exits and prints" nothing_from exits_and_prints
case $OBJ in
*/sanitize-*) skip "no mutable objects but those listed" "sanitizers add their own" ;;
*) check "no mutable objects but those listed" nothing_from mutable_state "$OBJ" ;;
esac

# ---- the rules themselves, on a house in which each of them is broken --------------------
mkdir "$TMP/tree"
cp -r src include "$TMP/tree"
cp -r analysis "$TMP/tree" 2>/dev/null
plant() { # plant FILE LINE...
    printf '%s\n' "${@:2}" >>"$TMP/tree/$1"
}
noticed() { # noticed RULE TEXT: the rule, run on that house, says it
    [ -e "$TMP/found.$1" ] || (cd "$TMP/tree" && "$1") >"$TMP/found.$1" 2>&1
    grep -qF -- "$2" "$TMP/found.$1" || {
        echo "not seen: $2"
        cat "$TMP/found.$1"
        return 1
    }
}
planted_alone() { alone include/nudge/planted.h; }
planted_state() { "$cc" -c -o planted.o src/num/planted.c && mutable_state .; }

plant src/base/planted.c '#include "nudge/params.h"'
plant src/data/planted.c '#include "sched/planted_impl.h"' '#include "nowhere_impl.h"'
plant src/trial/planted.c '#include <mpi.h>'
plant include/nudge/err.h '#include "nudge/params.h"'
plant include/nudge/planted_by_nobody.h '#include <stddef.h>'
plant include/nudge/planted.h 'nd_err *planted(void);'
plant src/num/bars.c ''
plant src/num/planted.c '/* no exit() here */ static int count; int f(void); int f(void) { return ++count; }' \
    'void exit(int); void g(void); void g(void) { exit(1); }'

check "an upward include is noticed" noticed wrong_includes "src/base/planted.c:1: base may not use schema"
check "an include across the towers is noticed" noticed wrong_includes "src/data/planted.c:1: data may not use sched"
check "a header of another folder is noticed" noticed wrong_includes "src/data/planted.c:2: nowhere_impl.h is not in src/data"
check "an upward include in a header is noticed" noticed wrong_includes "include/nudge/err.h:$(wc -l <"$TMP/tree/include/nudge/err.h"): base may not use schema"
check "a header of nobody is noticed" noticed wrong_includes "planted_by_nobody.h: no layer owns it"
check "mpi.h elsewhere is noticed" noticed wrong_includes "src/trial/planted.c:1: mpi.h belongs to src/sched/transport_mpi.c"
check "a header that needs another is noticed" noticed planted_alone "planted.h does not compile alone"
check "a second file of a name is noticed" noticed repeated_stems "bars.c: more than one"
check "an exit is noticed" noticed exits_and_prints "src/num/planted.c: exits or prints"
check "a mutable object is noticed" noticed planted_state "count is a mutable object"
constant() {
    mkdir -p "$TMP/constant"
    echo 'extern const char *const names[]; const char *const names[] = {"a", "b"};' >"$TMP/constant/t.c"
    "$cc" -fPIE -c -o "$TMP/constant/t.o" "$TMP/constant/t.c" && nothing_from mutable_state "$TMP/constant"
}
check "a table of constants is none" constant
finish
