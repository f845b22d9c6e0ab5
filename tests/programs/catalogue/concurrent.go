package main

import (
	"sync"
	"time"
)

func init() {
	register("chan", chanInts)
	register("chan-pointers", chanPointers)
	register("chan-unbuffered", chanUnbuffered)
	register("chan-zero-size", chanZeroSize)
	register("go", goPlain)
	register("go-closure", func() { goClosure(ten) })
	register("go-argument", func() { goArgument(ten) })
	register("go-argument-closure", func() { goArgumentClosure(ten) })
	register("go-method", func() { goMethod(&sender{ten}) })
	register("go-two", func() { goTwo(ten) })
	register("go-inside", goInside)
	register("send-pointer", func() { sendPointer(ten) })
	register("wait-group", waitGroup)
	register("pool", pool)
	register("once", once)
	register("timer", timer)
	register("assert", func() { assertInterface(theMaker) })
}

var (
	sinkChan     chan int
	sinkChanPair chan *pair
	done         = make(chan struct{}, 1)
)

//go:noinline
func chanInts() {
	sinkChan = make(chan int, 3) // @chan
}

//go:noinline
func chanPointers() {
	sinkChanPair = make(chan *pair, 3) // @chan-pointers
}

//go:noinline
func chanUnbuffered() {
	c := make(chan *pair) // @chan-unbuffered
	theInt = len(c)
}

//go:noinline
func chanZeroSize() {
	c := make(chan struct{}, 3) // @chan-zero-size
	theInt = len(c)
}

//go:noinline
func signal() { done <- struct{}{} }

//go:noinline
func goPlain() {
	go signal() // @go
	<-done
}

//go:noinline
func goClosure(n int) {
	go func() { // @go-closure
		theInt = n
		done <- struct{}{}
	}()
	<-done
}

//go:noinline
func signalWith(n int) {
	theInt = n
	done <- struct{}{}
}

//go:noinline
func goArgument(n int) {
	go signalWith(n) // @go-argument
	<-done
}

//go:noinline
func goArgumentClosure(n int) {
	go func(k int) { // @go-argument-closure
		theInt = k + n
		done <- struct{}{}
	}(n)
	<-done
}

type sender struct{ n int }

func (s *sender) send() {
	theInt = s.n
	done <- struct{}{}
}

//go:noinline
func goMethod(s *sender) {
	go s.send() // @go-method
	<-done
}

//go:noinline
func goTwo(n int) {
	go signalWith(n) // @go-two.first
	<-done
	go func() { signalWith(n) }() // @go-two.second
	<-done
}

//go:noinline
func goInside() {
	go func() {
		sinkPair = &pair{ten, ten} // @go-inside
		done <- struct{}{}
	}()
	<-done
}

var pointers = make(chan *int, 1)

//go:noinline
func sendPointer(n int) {
	v := n // @send-pointer
	pointers <- &v
	<-pointers
}

//go:noinline
func waitGroup() {
	var wg sync.WaitGroup // @wait-group.variable
	wg.Add(1)
	go func() { // @wait-group
		wg.Done()
	}()
	wg.Wait()
	// The goroutine is gone for good only when it has been seen to be.
	go signal()
	<-done
}

var pairs = sync.Pool{New: func() interface{} {
	return new(pair) // @pool.new
}}

// Nothing is put back: each Get makes one.
//
//go:noinline
func pool() {
	sinkPair = pairs.Get().(*pair) // @pool
}

//go:noinline
func once() {
	var o sync.Once // @once.variable
	n := ten
	o.Do(func() { theInt = n }) // @once
}

//go:noinline
func timer() {
	t := time.NewTimer(time.Hour) // @timer
	t.Stop()                      // @timer.stop
}

//go:noinline
func assertInterface(v interface{}) {
	if m, ok := v.(makes); ok { // @assert
		theMaker = m
	}
}
