#!/usr/bin/env bash
# Errors of the disk (tests/crash/io_faults.sh), in every write to results.nc as well.
FAULTS=all exec tests/crash/io_faults.sh
