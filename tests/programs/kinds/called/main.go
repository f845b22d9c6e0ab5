// A function that C calls.
package main

// void call(int n);
import "C"

var sink []int

//export keep
func keep(n C.int) {
	sink = make([]int, int(n)) // @exported-make
	grow(int(n))
}

func grow(n int) {
	sink = append(sink, n) // @exported-append
}

func main() {
	for i := 0; i < 100; i++ {
		C.call(8)
	}
}
