package main

import "example.com/escaudit/kinds/withc/lib"

var node *lib.Node

//go:noinline
func plain(n int) {
	node = lib.New(n) // @c-node
	lib.Keep(n)
}
