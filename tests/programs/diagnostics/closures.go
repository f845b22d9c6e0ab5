package main

var done = make(chan int, 8) // @closures-done

//go:noinline
func work(n int, s shape) {
	if s != nil {
		n = s.area()
	}
	done <- n
}

//go:noinline
func closures(p pair, n int) {
	counter := 0        // @closures-counter
	call = func() int { // @closures-literal
		counter++
		return counter
	}
	call = p.area                          // @closures-method
	stays := func() int { return p.a + n } // @closures-stays
	many2(stays)
	go work(n, p)                   // @closures-go
	go func(k int) { done <- k }(n) // @closures-go-literal
	defer work(n, nil)              // @closures-defer
	for i := 0; i < n; i++ {
		defer work(i, nil) // @closures-defer-loop
	}
}

//go:noinline
func many2(f func() int) { // @many2
	size = f()
}
