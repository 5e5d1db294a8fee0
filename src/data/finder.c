/* finder.c -- looking for the files of a data set. */
#include "data/finder_impl.h"
#include "data/idx_impl.h"

#include <stdlib.h>
#include <sys/stat.h>

/* True, and `dir` is that folder, when root (or the folder in it) holds the set. */
static bool is_here(const nd_sought *sought, const char *root, const char *folder,
                    nd_text *dir, nd_text *looked)
{
    nd_text_clear(dir);
    if (folder)
        nd_path_join(dir, root, folder);
    else
        nd_text_add(dir, "%s", root);
    nd_text_add(looked, "\n  %s", nd_text_str(dir));
    return sought->holds(nd_text_str(dir));
}

/* In a folder of the set's own or, where the user pointed, in the root itself. */
static bool is_below(const nd_sought *sought, const char *root, bool or_in, nd_text *dir,
                     nd_text *looked)
{
    for (int i = 0; sought->folder[i]; i++)
        if (is_here(sought, root, sought->folder[i], dir, looked)) return true;
    return or_in && is_here(sought, root, NULL, dir, looked);
}

/* A path that was given is the only place: other data than asked for would be worse than
 * none. */
nd_code nd_finder_folder(const nd_sought *sought, const char *given, nd_text *dir,
                         nd_err *err)
{
    const char *env = getenv("NUDGE_DATA");
    const char *any_of[] = {given, env, "data", "/usr/share/datasets"};
    const size_t first = *given ? 0 : env && *env ? 1 : 2, end = *given ? 1 : 4;
    nd_text looked = {0};
    bool found = false;
    for (size_t i = first; i < end && !found; i++)
        found = is_below(sought, any_of[i], i < 2, dir, &looked);
    nd_code code = nd_text_check(dir, err);
    if (code == ND_OK && !found)
        code = ND_FAIL(err, ND_ENOENT,
                       "data set %s not found; looked for %s in%s\n%s, or set %s to the "
                       "folder that has them.",
                       sought->set, sought->files, nd_text_str(&looked), sought->remedy,
                       *given ? "data.path" : "data.path or $NUDGE_DATA");
    nd_text_free(&looked);
    return code;
}

nd_code nd_finder_map(const char *path, nd_map *out, nd_err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return nd_bad_file(err, path,
                           "this is a folder, where a file belongs (some archives unpack "
                           "into a folder of the file's name)");
    return nd_file_map(path, out, err);
}
