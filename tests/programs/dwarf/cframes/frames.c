#include <stdio.h>

#include "frames.h"

/* Prints "frame ADDRESS FUNCTION LINE [FUNCTION LINE]": its return address and what lies there, innermost first. */
static __attribute__((noinline)) int show(const char *inner, int inner_line, const char *outer, int outer_line)
{
	printf("frame %lx %s %d", (unsigned long)__builtin_return_address(0), inner, inner_line);
	if (outer)
		printf(" %s %d", outer, outer_line);
	printf("\n");
	fflush(stdout);
	return outer_line;
}

static inline __attribute__((always_inline)) int inner(int n, int outer_line)
{
	return show(__func__, __LINE__, "show_frames", outer_line) + n;
}

int show_frames(int n)
{
	int sum = show(__func__, __LINE__, NULL, 0);

	sum += inner(n, __LINE__);
	return sum + inner(sum, __LINE__);
}
