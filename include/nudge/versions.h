/* versions.h -- versions of the libraries, each told by the one file that knows it. */
#ifndef NUDGE_VERSIONS_H
#define NUDGE_VERSIONS_H

const char *nd_netcdf_version(void); /* src/store/nc.c     */
const char *nd_yaml_version(void);   /* src/sweep/yaml.c   */
const char *nd_zlib_version(void);   /* src/data/gunzip.c  */
const char *nd_fftw_version(void);   /* src/num/fourier.c  */

#endif
