package main

func init() {
	register("closure-value", func() { closureValue(ten) })
	register("closure-reference", func() { closureReference(ten) })
	register("closure-empty", closureEmpty)
	register("closure-stays", func() { closureStays(ten) })
	register("closure-called", func() { closureCalled(ten) })
	register("closure-inside", func() { closureInside(ten) })
	register("closure-nested", func() { closureNested(ten) })
	register("closure-inlined", func() { closureInlined(ten) })
	register("closure-counter", func() { closureCounter() })
	register("closure-many", func() { closureMany(ten, hundred, long) })
	register("closure-clone", func() { closureClone(ten) })
	register("closure-clone-again", func() { closureCloneAgain(ten) })
	register("closure-two", func() { closureTwo(ten) })
	register("method-value", func() { methodValue(&maker{ten}) })
	register("method-value-copy", func() { methodValueCopy(maker{ten}) })
	register("method-value-stays", func() { methodValueStays(maker{ten}) })
	register("method-value-interface", func() { methodValueInterface(theMaker) })
	register("method-expression", methodExpression)
	register("defer", func() { deferOne(ten) })
	register("defer-loop", func() { deferLoop(3) })
	register("defer-loop-argument", func() { deferLoopArgument(3) })
	register("defer-closure-loop", func() { deferClosureLoop(3) })
	register("defer-method", func() { deferMethod(maker{ten}) })
	register("callee-known", func() { calleeKnown(yes) })
	register("callee-leaks", func() { calleeLeaks(yes) })
	register("callee-unknown", func() { calleeUnknown(anyFunc) })
	register("interface-call", func() { interfaceCall(theTaker) })
	register("interface-call-known", interfaceCallKnown)
	register("wrapper", func() { wrapped(maker{ten}) })
	register("promoted", func() { promoted(&outer{&inner{ten}}) })
	register("recursive-closure", func() { recursiveClosure(3) })
	register("function-field", func() { functionField(ten) })
}

type makes interface{ make() *pair }

var theMaker makes = maker{11}

//go:noinline
func closureValue(n int) {
	sinkFunc = func() int { return n } // @closure-value
}

//go:noinline
func closureReference(n int) {
	v := n                                  // @closure-reference.variable
	sinkFunc = func() int { v++; return v } // @closure-reference
}

//go:noinline
func closureEmpty() {
	sinkFunc = func() int { return 7 } // @closure-empty
}

//go:noinline
func callIt(f func() int) int { return f() }

//go:noinline
func closureStays(n int) {
	theInt = callIt(func() int { return n }) // @closure-stays
}

//go:noinline
func closureCalled(n int) {
	theInt = func() int { return n }() // @closure-called
}

//go:noinline
func closureInside(n int) {
	theInt = callIt(func() int { // @closure-inside.closure
		sinkPair = &pair{n, n} // @closure-inside
		return n
	})
}

//go:noinline
func closureNested(n int) {
	sink = func() func() int { // @closure-nested.outer
		return func() int { return n } // @closure-nested.inner
	}
	sinkFunc = sink.(func() func() int)()
}

func adder(n int) func() int {
	return func() int { return n + 1 } // @closure-inlined.inside
}

//go:noinline
func closureInlined(n int) {
	sinkFunc = adder(n) // @closure-inlined
}

func counter() func() int {
	count := 0          // @closure-counter.variable
	return func() int { // @closure-counter.closure
		count++
		return count
	}
}

//go:noinline
func closureCounter() {
	next := counter() // @closure-counter.call
	theInt = next()
	theInt = next()
}

//go:noinline
func closureMany(a, b int, s string) {
	sinkFunc = func() int { return a + b + len(s) } // @closure-many
}

func pairMaker(n int) func() *pair {
	return func() *pair { // @closure-clone.closure
		return &pair{n, n} // @closure-clone.inside
	}
}

var sinkMaker func() *pair

// The closure's body is compiled again where its maker is inlined.
//
//go:noinline
func closureClone(n int) {
	sinkMaker = pairMaker(n) // @closure-clone
	sinkPair = sinkMaker()
}

//go:noinline
func closureCloneAgain(n int) {
	sinkMaker = pairMaker(n + 1) // @closure-clone-again
	sinkPair = sinkMaker()
}

//go:noinline
func keepFuncs(f, g func() int) {
	sinkFunc = f
	sinkFunc = g
}

//go:noinline
func closureTwo(n int) {
	keepFuncs(func() int { return n }, func() int { return n + len(long) }) // @closure-two
}

//go:noinline
func methodValue(m *maker) {
	sink = m.make // @method-value
}

//go:noinline
func methodValueCopy(m maker) {
	sink = m.make // @method-value-copy
}

//go:noinline
func callMaker(f func() *pair) { theInt = f().a }

//go:noinline
func methodValueStays(m maker) {
	callMaker(m.make) // @method-value-stays
}

//go:noinline
func methodValueInterface(m makes) {
	sink = m.make // @method-value-interface
}

//go:noinline
func methodExpression() {
	sink = maker.make // @method-expression
}

//go:noinline
func note(n int) { theInt += n }

//go:noinline
func deferOne(n int) {
	defer note(n) // @defer
	theInt = n
}

//go:noinline
func deferLoop(n int) {
	for i := 0; i < n; i++ {
		defer bump() // @defer-loop
	}
}

//go:noinline
func bump() { theInt++ }

//go:noinline
func deferLoopArgument(n int) {
	for i := 0; i < n; i++ {
		defer note(i) // @defer-loop-argument
	}
}

//go:noinline
func deferClosureLoop(n int) {
	for i := 0; i < n; i++ {
		defer func() { theInt += n }() // @defer-closure-loop
	}
}

//go:noinline
func deferMethod(m maker) {
	defer m.make() // @defer-method
	theInt++
}

//go:noinline
func readOne(p *int) int { return *p }

//go:noinline
func readOther(p *int) int { return *p + 1 }

//go:noinline
func leakIt(p *int) int { sinkInt = p; return *p }

// Since 1.27 a variable whose every function is known is as good as a direct call.
//
//go:noinline
func calleeKnown(b bool) {
	x := ten // @callee-known
	f := readOne
	if b {
		f = readOther
	}
	theInt = f(&x)
}

//go:noinline
func calleeLeaks(b bool) {
	x := ten // @callee-leaks
	f := readOne
	if b {
		f = leakIt
	}
	theInt = f(&x)
}

var anyFunc = readOne

//go:noinline
func calleeUnknown(f func(*int) int) {
	x := ten // @callee-unknown
	theInt = f(&x)
}

type taker interface{ take(p *int) int }

type reader struct{ n int }

//go:noinline
func (r reader) take(p *int) int { return *p + r.n }

type writer struct{}

//go:noinline
func (writer) take(p *int) int { *p = 1; return 0 }

var theTaker taker = reader{ten}

//go:noinline
func interfaceCall(t taker) {
	x := ten // @interface-call
	theInt = t.take(&x)
}

//go:noinline
func interfaceCallKnown() {
	x := ten                  // @interface-call-known
	var t taker = reader{ten} // @interface-call-known.box
	theInt = t.take(&x)
}

// The receiver of a method called through an interface is copied by a wrapper, which is where a receiver that escapes is
// moved.
type leaking struct{ n int }

func (l leaking) make() *pair { // @wrapper.receiver
	sinkInt = &l.n
	return nil
}

//go:noinline
func wrapped(m makes) {
	m = leaker
	sinkPair = m.make() // @wrapper
}

var leaker makes = leaking{ten}

type inner struct{ n int }

//go:noinline
func (i *inner) make() *pair {
	return &pair{i.n, i.n} // @promoted.inside
}

type outer struct{ *inner }

//go:noinline
func promoted(m makes) {
	sinkPair = m.make() // @promoted
}

//go:noinline
func recursiveClosure(n int) {
	var f func(int) int   // @recursive-closure.variable
	f = func(k int) int { // @recursive-closure
		if k == 0 {
			return 0
		}
		return 1 + f(k-1)
	}
	theInt = f(n)
}

type handler struct{ call func() int }

//go:noinline
func functionField(n int) {
	h := handler{func() int { return n }} // @function-field
	theInt = h.call()
}
