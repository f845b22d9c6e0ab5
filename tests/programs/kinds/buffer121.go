//go:build go1.21

package main

// Inlined where its argument is a constant.
func buffer(n int) []byte { return make([]byte, max(n, 16)) }
