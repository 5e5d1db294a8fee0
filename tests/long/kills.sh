#!/usr/bin/env bash
# The kill matrix (tests/crash/kill_matrix.sh) with more than 500 kills at random moments, and every write torn.
KILLS=all exec tests/crash/kill_matrix.sh
