//go:build !special

package main

//go:noinline
func tagged(n int) { sink, other = &pair{n, 3}, &n } // @tagged-plain
