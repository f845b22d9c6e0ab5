//go:build !go1.21

package main

func buffer(n int) []byte { return make([]byte, n) }
