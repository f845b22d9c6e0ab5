/* SPDX-License-Identifier: Apache-2.0 */
/* A library without Go. */
int nothing_of_go(void);

int nothing_of_go(void)
{
	return 1;
}
