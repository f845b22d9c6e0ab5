/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "base/memory.h"
#include "report/units.h"

Test(units, bytes)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1, "1 B"},
		{9999, "9999 B"},
		{10000, "10.0 kB"},
		{16144, "16.1 kB"},
		{99949, "99.9 kB"},
		{99950, "100 kB"}, /* not 99.9, not 100.0 */
		{999499, "999 kB"},
		{999500, "1.00 MB"}, /* not 1000 kB */
		{1234567, "1.23 MB"},
		{9994999, "9.99 MB"},
		{9995001, "10.0 MB"},
		{1600151447, "1.60 GB"},
		{UINT64_MAX, "18.4 EB"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_bytes(cases[i].bytes).text, cases[i].text);
}

Test(units, errors)
{
	static const struct {
		double pct;
		const char *text;
	} cases[] = {{0, "0%"},	    {1e-9, "<0.1%"}, {0.049, "<0.1%"}, {0.05, "0.1%"},	 {9.94, "9.9%"},
		     {9.96, "10%"}, {31.4, "31%"},   {999, "999%"},    {999.1, ">999%"}, {1e30, ">999%"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_error(cases[i].pct).text, cases[i].text);
}

Test(units, counts)
{
	static const struct {
		uint64_t n;
		const char *text;
	} cases[] = {{0, "0"}, {999999, "999999"}, {1000000, "1.00 M"}, {3400000, "3.40 M"}, {UINT64_MAX, "18.4 E"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_count(cases[i].n).text, cases[i].text);
}

Test(units, shares)
{
	static const struct {
		uint64_t part, whole;
		const char *text;
	} cases[] = {
		{0, 0, ""},
		{0, 10, "0%"},
		{10, 10, "100%"},
		{1, 3, "33.3%"},
		{1, 1000000, "<0.1%"},	    /* something is not nothing */
		{999999, 1000000, "99.9%"}, /* nor everything */
		{1, 2000, "0.1%"},
		{UINT64_MAX, UINT64_MAX, "100%"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_share(cases[i].part, cases[i].whole).text, cases[i].text);
}

Test(units, seconds)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {{0, "0 s"},	 {-1, "0 s"},	     {0.0123, "12.3 ms"}, {0.744, "744 ms"}, {0.9996, "1.00 s"},
		     {12.345, "12.3 s"}, {119.9, "119.9 s"}, {5400, "90 min"},	  {9000, "2.5 h"},   {7171, "2.0 h"}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_str_eq(units_seconds(cases[i].seconds).text, cases[i].text);
}
