// Withc has one file that cgo rewrites and one that it does not.
package main

// static int twice(int n) { return 2 * n; }
import "C"

var sink, other interface{}

//go:noinline
func rewritten(n int) {
	sink, other = append([]int(nil), n), append([]int32(nil), int32(C.twice(C.int(n)))) // @rewritten
}

func main() {
	for i := 0; i < 7; i++ {
		rewritten(i)
		untouched(i)
	}
}
