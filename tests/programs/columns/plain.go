//go:build !special

package main

func tagged(n int) { sink, other = &pair{n, 3}, &n } // @tagged-plain
