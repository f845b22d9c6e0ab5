// Exit3 allocates a known number of objects and exits with status 3.
package main

import "os"

var sink *[3]uint64

//go:noinline
func allocate(n int) {
	for i := 0; i < n; i++ {
		sink = new([3]uint64) // @exit3
	}
}

func main() {
	allocate(503)
	os.Exit(3)
}
