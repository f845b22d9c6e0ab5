// Withc has a file that cgo rewrites: the compiler sees it with other lines, and cgo's own objects come in between.
package main

// static int twice(int n) { return 2 * n; }
import "C"

type thing struct{ a, b int }

var (
	sink  *thing
	boxed interface{}
)

//go:noinline
func makeThing(n int) {
	sink = &thing{n, int(C.twice(C.int(n)))} // @c-thing
}

//go:noinline
func box(n int) {
	boxed = n * 1000 // @c-box
}

//go:noinline
func stays(n int) int {
	return (&thing{n, n}).a // @c-stays
}

func main() {
	for i := 1; i <= 17; i++ {
		makeThing(i)
		box(i)
		stays(i)
	}
}
