package main

var (
	pairs    *pair
	table    map[string]int
	channel  chan int
	slice    []*pair
	headers  map[string][]int
	channels []chan int
)

//go:noinline
func composite(n int) {
	pairs = &pair{1, 2}            // @composite-literal
	pairs = new(pair)              // @composite-new
	pointer = new(int)             // @composite-new-int
	ints = make([]int, 3)          // @composite-make
	ints = make([]int, n)          // @composite-make-n
	table = make(map[string]int)   // @composite-make-map
	table = map[string]int{"a": 1} // @composite-map
	channel = make(chan int, n)
	slice = []*pair{{1, 2}, nil} // @composite-slice
	local := []int{1, n}         // @composite-stays
	if n > len(local) {
		size = local[n&1]
	}
	constant := 10
	ints = make([]int, constant) // @composite-rewritten
	big := make([]int, 1<<20)    // @composite-big
	big[n] = n
	size = big[n+1]
}
