/* SPDX-License-Identifier: Apache-2.0 */
/* A C program that is linked with the library, or has it in it. Prints what the runtime has made; status 3. */
#include <stdio.h>
#include <unistd.h>

void Burst(long);
unsigned long Mallocs(void);

int main(void)
{
	Burst(1019);
	printf("{\"mallocs\": %lu}\n", Mallocs());
	fflush(stdout);
	_exit(3);
}
