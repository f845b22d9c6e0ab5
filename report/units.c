/* SPDX-License-Identifier: Apache-2.0 */
#include "report/units.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"

/* Three digits and a prefix; n must be at least 1000. */
static struct units_text three_digits(uint64_t n, const char *const prefixes[], size_t n_prefixes, const char *unit)
{
	double v = (double)n;
	size_t i = 0;
	struct units_text out;

	/* 999.5 would print as four digits: it belongs to the next prefix. */
	for (v /= 1000; v >= 999.5 && i + 1 < n_prefixes; i++)
		v /= 1000;
	snprintf(out.text, sizeof(out.text), "%.*f %s%s", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, prefixes[i], unit);
	return out;
}

struct units_text units_bytes(uint64_t bytes)
{
	static const char *const prefixes[] = {"k", "M", "G", "T", "P", "E"};
	struct units_text out;

	if (bytes >= 10000)
		return three_digits(bytes, prefixes, ARRAY_SIZE(prefixes), "B");
	snprintf(out.text, sizeof(out.text), "%" PRIu64 " B", bytes);
	return out;
}

struct units_text units_count(uint64_t n)
{
	static const char *const prefixes[] = {"k", "M", "G", "T", "P", "E"};
	struct units_text out;

	if (n >= 1000000)
		return three_digits(n, prefixes, ARRAY_SIZE(prefixes), "");
	snprintf(out.text, sizeof(out.text), "%" PRIu64, n);
	return out;
}

struct units_text units_share(uint64_t part, uint64_t whole)
{
	struct units_text out = {""};
	double pct;

	if (whole == 0)
		return out;
	pct = 100.0 * (double)part / (double)whole;
	if (part == whole)
		snprintf(out.text, sizeof(out.text), "100%%");
	else if (part == 0)
		snprintf(out.text, sizeof(out.text), "0%%");
	else if (pct < 0.05)
		snprintf(out.text, sizeof(out.text), "<0.1%%");
	else
		snprintf(out.text, sizeof(out.text), "%.1f%%", pct > 99.9 ? 99.9 : pct); /* 100 % is all of it */
	return out;
}

struct units_text units_error(double pct)
{
	struct units_text out;

	if (pct > 0 && pct < 0.05)
		snprintf(out.text, sizeof(out.text), "<0.1%%");
	else if (pct > 999)
		snprintf(out.text, sizeof(out.text), ">999%%");
	else
		snprintf(out.text, sizeof(out.text), "%.*f%%", pct > 0 && pct < 9.95, pct);
	return out;
}

struct units_text units_seconds(double seconds)
{
	struct units_text out;

	if (!(seconds > 0))
		snprintf(out.text, sizeof(out.text), "0 s");
	else if (seconds < 0.9995)
		snprintf(out.text, sizeof(out.text), "%.3g ms", seconds * 1000);
	else if (seconds < 119.95)
		snprintf(out.text, sizeof(out.text), "%.*f s", seconds < 9.995 ? 2 : 1, seconds);
	else if (seconds < 7170)
		snprintf(out.text, sizeof(out.text), "%.0f min", seconds / 60);
	else
		snprintf(out.text, sizeof(out.text), "%.1f h", seconds / 3600);
	return out;
}
