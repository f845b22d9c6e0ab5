/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people read them: exact while they are short, three digits and a unit beyond. */
#ifndef ESCAUDIT_REPORT_UNITS_H
#define ESCAUDIT_REPORT_UNITS_H

#include <stdint.h>

struct units_text {
	char text[24];
};

struct units_text units_bytes(uint64_t bytes);		      /* "9999 B", "16.1 kB" (1000), "1.20 GB" */
struct units_text units_count(uint64_t n);		      /* "999999", "3.40 M" */
struct units_text units_share(uint64_t part, uint64_t whole); /* "70.7%", "<0.1%"; "" where whole is 0 */
struct units_text units_error(double pct);		      /* "0%", "<0.1%", "7.3%", "31%", ">999%" */
struct units_text units_seconds(double seconds);	      /* "12.3 s", "850 ms", "90 min", "2.5 h" */

#endif
