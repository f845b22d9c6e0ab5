/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe hit costs before its program runs, on this machine. */
#ifndef ESCAUDIT_PROBE_TRAP_H
#define ESCAUDIT_PROBE_TRAP_H

#include <stdbool.h>

#include "probe/attach.h"

/*
 * Used where it cannot be measured: a trap at an emulated instruction took 800 to 950 ns on the virtual machine this
 * was developed on (Linux 6.18, nested), and less on anything nearer to the metal.
 */
#define TRAP_NS_DEFAULT 900

/*
 * ns from reaching an emulated instruction with a probe on it to the next one, measured by hitting a function of this
 * process's own, less than 10 ms of it. program should do nothing. *measured says whether it could be.
 */
double trap_cost_ns(enum attach_method method, struct bpf_program *program, bool *measured);

#endif
