//go:build special

package main

//go:noinline
func tagged(n int) {
	sink, other = append([]int(nil), n), append([]string(nil), embedded) // @tagged-special
}
