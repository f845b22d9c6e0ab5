// Loopvar has loops in a module whose go line gives each turn a variable of its own.
package main

var (
	sink  *int
	sinkF func() int
)

//go:noinline
func clause(n int) {
	for i := 0; i < n; i++ { // @clause
		sink = &i
	}
}

//go:noinline
func over(values []int) {
	for _, v := range values { // @range
		sink = &v
	}
}

//go:noinline
func count(n int) {
	for i := range n { // @count
		sink = &i
	}
}

//go:noinline
func closures(n int) {
	for i := 0; i < n; i++ { // @closure-variable
		sinkF = func() int { i++; return i } // @closure
	}
}

//go:noinline
func stays(n int) (sum int) {
	for i := 0; i < n; i++ { // @stays
		p := &i
		sum += *p
	}
	return sum
}

func main() {
	for k := 0; k < 11; k++ {
		clause(3)
		over([]int{1, 2, 3, 4, 5})
		count(3)
		closures(4)
		stays(3)
	}
}
