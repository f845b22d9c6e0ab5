//go:build go1.26

package main

func pointer(n int) (*int, *float64) { return new(n + 1), new(float64(n)) }

//go:noinline
func expressions(n int) {
	sink = new(n + 1)           // @new-int
	sink2 = new(float64(n) / 2) // @new-float
	sink3 = new(n > 2)          // @new-bool
	sink, sink2 = twoOf(n)      // @new-two
	sink3, sink4 = pointer(n)   // @new-pointer
}

func twoOf(n int) (interface{}, interface{}) { return new(n), new("x") }
