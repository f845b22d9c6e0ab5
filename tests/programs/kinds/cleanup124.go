//go:build go1.24

package main

import "runtime"

func watch(r *resource) {
	runtime.AddCleanup(r, func(n int) {}, 5) // @cleanup
}
