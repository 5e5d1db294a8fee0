/* gunzip.c -- gzip files (RFC 1952), by zlib, which checks length and CRC of each member.
 */
#include "data/idx_impl.h"
#include "nudge/versions.h"

/* zlib then takes its input by const pointer */
#define ZLIB_CONST
#include <zlib.h>

enum { BLOCK = 1 << 18 };
/* No data set of this program is near it; a small file may unpack to any size. */
#define UNPACKED_MAX ((size_t)1 << 32)

static nd_code unpack(z_stream *z, const char *path, nd_map file, nd_text *out, nd_err *err)
{
    unsigned char block[BLOCK];
    const unsigned char *next = file.bytes, *const end = next + file.n;
    int status = Z_OK;
    do {
        if (status == Z_STREAM_END) inflateReset(z); /* another member follows */
        z->next_in = next;
        z->avail_in = (uInt)(end - next < BLOCK ? end - next : BLOCK);
        z->next_out = block;
        z->avail_out = BLOCK;
        status = inflate(z, Z_NO_FLUSH);
        if (status == Z_BUF_ERROR) /* no progress: no input is left */
            return nd_bad_file(err, path, "truncated: the gzip stream does not end");
        if (status == Z_MEM_ERROR)
            return ND_FAIL(err, ND_ENOMEM, "cannot allocate memory to unpack %s", path);
        if (status != Z_OK && status != Z_STREAM_END)
            return nd_bad_file(err, path, "damaged gzip file: %s",
                               z->msg ? z->msg : "it does not unpack");
        next = z->next_in;
        nd_text_bytes(out, block, BLOCK - z->avail_out);
        if (out->n > UNPACKED_MAX)
            return nd_bad_file(err, path, "it unpacks to more than 4 GiB");
        ND_TRY(nd_text_check(out, err));
    } while (status != Z_STREAM_END || next != end);
    return ND_OK;
}

nd_code nd_gunzip(const char *path, nd_map file, nd_map *out, nd_err *err)
{
    if (file.n == 0) return nd_bad_file(err, path, "the file is empty");
    z_stream z = {0};
    if (inflateInit2(&z, 15 + 16) != Z_OK) /* largest window; gzip wrapping only */
        return ND_FAIL(err, ND_ENOMEM, "cannot allocate memory to unpack %s", path);
    nd_text text = {0};
    const nd_code code = unpack(&z, path, file, &text, err);
    inflateEnd(&z);
    if (code != ND_OK)
        nd_text_free(&text);
    else
        *out = (nd_map){(unsigned char *)text.s, text.n};
    return code;
}

const char *nd_zlib_version(void)
{
    return zlibVersion();
}
