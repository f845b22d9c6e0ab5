package main

//go:noinline
func untouched(n int) {
	sink, other = append([]int(nil), n), append([]string(nil), "s") // @untouched
}
