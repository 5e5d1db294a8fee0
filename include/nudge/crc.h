/* crc.h -- CRC-32C (Castagnoli), and the 128-bit hash that names a trial. */
#ifndef NUDGE_CRC_H
#define NUDGE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C of the bytes, going on from `crc` (0 at the start). "123456789" gives e3069283.
 */
uint32_t nd_crc32c(uint32_t crc, const void *bytes, size_t n);

/* SipHash-2-4 with 128-bit output (Aumasson and Bernstein 2012) under a given 16-byte key:
 * fast, well mixed, with published test vectors. Not used against adversaries here. */
void nd_siphash128(const unsigned char key[16], const void *bytes, size_t n,
                   unsigned char out[16]);

#endif
