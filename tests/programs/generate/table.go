package main

// What the generator knows of the program that it wrote, for the judge: where each expression that may allocate stands. How many
// objects it made is not in here; that comes from the run.

type table struct {
	RandomSeed int64
	Go         int // minor version
	Statements []*statement
	Entities   []*entity
}

// A statement is what is measured: the runtime's counters are read before and after it.
type statement struct {
	ID       int
	Form     string
	File     string
	From, To int // lines
	Entities []int
	Open     bool // runs an entity whose number of objects nothing bounds; it is the only one then
}

// An entity is an expression that may make an object each time it is evaluated: an expression in the text, or one of an inlinable
// function at one call of it.
type entity struct {
	ID   int
	Kind string
	// Keys are the numbers in the names that the expression alone carries (T17, v17): the compiler prints them with it.
	Keys []int
	// Classes are the sizes of memory blocks that the object may have; null: any, empty: it is none.
	Classes []int
	// Hit is the counter of the block it stands in, -1 where nothing counts it.
	Hit int
	// Large is the counter of the times when the value was too large for what the runtime has ready; else -1.
	Large int
	// Counts are numbers of objects that it may have made besides none and one for each evaluation.
	Counts []int
	// Moved are the entities of values that it captures.
	Moved []int
	// Joined are entities of which no row of its own speaks: their objects are told of with this one's.
	Joined []int
	// Many: several objects each time.
	Many bool
	// Statement is -1 for what stands in the body of a function that others call.
	Statement int
	// Body is the entity, in the body of the function called, that makes the objects where the call is not inlined; else 0.
	Body           int
	File           string
	Line, Column   int
	Line2, Column2 int // of its last character
}
