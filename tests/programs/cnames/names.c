/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that are called, inlined, split into hot and cold parts, nested: what an address in them is called. */
#include <stdio.h>
#include <stdlib.h>

void out(const char *s, int n);
int plain(int x);

static int compare(const void *a, const void *b)
{
	out("compare", 0);
	return *(const int *)a - *(const int *)b;
}

static inline int inner(int x)
{
	out("inner", x);
	return x * 2;
}

static inline __attribute__((always_inline)) int middle(int x)
{
	if (x > 2)
		return inner(x) + inner(x + 1);
	return inner(x);
}

static __attribute__((noinline)) int cold_path(int x)
{
	if (__builtin_expect(x == 77, 0)) {
		out("cold", x);
		abort();
	}
	out("hot", x);
	return x;
}

int plain(int x)
{
	int v[3] = {x, 2, 1};

#ifndef __clang__
	int nested(int y)
	{
		out("nested", y);
		return y + x;
	}
	x += nested(x);
#endif
	qsort(v, 3, sizeof(int), compare);
	for (int i = 0; i < 3; i++) {
		int z = middle(v[i]);
		out("z", z);
	}
	return middle(x) + cold_path(x);
}

void out(const char *s, int n)
{
	if (n == 12345)
		printf("%s %d\n", s, n);
}
