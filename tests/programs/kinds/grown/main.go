// Slices that inlined functions build by append, two on a line. Since Go 1.26 they begin on the stack and are moved to
// the heap by the statement that they leave by: the return of the inlined call.
package main

type three struct{ a, b, c int }
type four struct{ a, b, c, d int }

var (
	threes []three
	fours  []four
)

func threesOf(n int) []three {
	var r []three
	for i := 0; i < n; i++ {
		r = append(r, three{a: i})
	}
	return r
}

func foursOf(n int) []four {
	var r []four
	for i := 0; i < n; i++ {
		r = append(r, four{a: i})
	}
	return r
}

// A named result grows on the heap from the beginning, and is not moved.
func namedFours(n int) (r []four) {
	for i := 0; i < n; i++ {
		r = append(r, four{a: i})
	}
	r = append(r, four{})
	return
}

func filter[T any](xs []T, keep func(T) bool) []T {
	var r []T
	for _, x := range xs {
		if keep(x) {
			r = append(r, x)
		}
	}
	return r
}

//go:noinline
func both(n int) {
	threes, fours = threesOf(n%3), foursOf(n%4) // @both
}

//go:noinline
func twice(n int) {
	threes, threes = threesOf(n%3), threesOf(n%2) // @twice
}

//go:noinline
func filtered(a []three, b []four) {
	threes, fours = filter(a, func(x three) bool { return x.a > 0 }), filter(b, func(x four) bool { return x.a > 2 }) // @filtered
}

//go:noinline
func one(n int) {
	threes, fours = threesOf(n), nested(n) // @one
}

func nested(n int) []four {
	x := namedFours(n)
	return x
}

func main() {
	for i := 0; i < 7; i++ {
		one(i % 3)
		both(i)
		twice(i)
		filtered([]three{{a: i}, {}}, []four{{a: i}, {}})
	}
}
