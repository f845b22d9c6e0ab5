// Package x has a dot in the last element of its path, which symbols escape.
package x

var kept interface{}

//go:noinline
func apply(f func()) {
	kept = f
	f()
}

// Each is inlined: its function literal is copied into those that call it.
func Each(n int) {
	apply(func() { kept = n + 1000 }) // @copied
}

//go:noinline
func Both(n int) {
	Each(n)
	Each(n + 1)
}
