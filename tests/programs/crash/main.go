// Crash allocates a known number of objects and panics: exit status 2, a goroutine trace on standard error.
package main

var sink *[3]uint64

//go:noinline
func allocate(n int) {
	for i := 0; i < n; i++ {
		sink = new([3]uint64) // @crash
	}
}

func main() {
	allocate(1009)
	var none *int
	*none = 1 // dies here
}
