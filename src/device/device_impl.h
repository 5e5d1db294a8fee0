/* device_impl.h -- the rows of the device table, one file each. */
#ifndef NUDGE_DEVICE_IMPL_H
#define NUDGE_DEVICE_IMPL_H

#include "nudge/device.h"

#define D(id, name, help, source) extern const nd_device_ops nd_device_##id;
#include "nudge/devices.def"
#undef D

#endif
