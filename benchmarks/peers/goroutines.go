// SPDX-License-Identifier: GPL-2.0-only

// What Go's goroutines take for what benchmarks/module measures, on one CPU
// (GOMAXPROCS=1): the same batches, and of each measurement the fastest one.
// Prints a line for each, in nanoseconds for one operation:
//
//	bench: NAME go 66.125
//
// Arguments: the names of those that are to be done, else all.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

const (
	batches = 64   // of cheap operations
	ops     = 2000 // in one of them
	bursts  = 3    // batches of a burst: the first one is cold
	room    = 64   // values in a buffered channel
)

// best is the time of one operation in the fastest of n batches; each returns
// how many operations it did.
func best(n int, batch func() int) float64 {
	least := 0.0
	for i := 0; i < n; i++ {
		start := time.Now()
		did := batch()
		ns := float64(time.Since(start).Nanoseconds()) / float64(did)
		if i == 0 || ns < least {
			least = ns
		}
	}
	return least
}

// pair is two goroutines that take turns: 1, the one that measures, and 2. Only
// what has let the other one run counts.
type pair struct {
	turn, switches int
	stop           bool
	ended          chan bool
}

func (p *pair) tookTurn(self int) {
	if p.turn != self {
		p.turn = self
		p.switches++
	}
}

func yield() float64 {
	p := &pair{ended: make(chan bool)}
	go func() {
		for !p.stop {
			runtime.Gosched()
			p.tookTurn(2)
		}
		p.ended <- true
	}()
	ns := best(batches, func() int {
		before := p.switches
		for i := 0; i < ops; i++ {
			runtime.Gosched()
			p.tookTurn(1)
		}
		return p.switches - before
	})
	p.stop = true
	<-p.ended
	return ns
}

// Go has no park and ready for programs; a condition is the nearest to it.
func park() float64 {
	var mutex sync.Mutex
	conds := [3]*sync.Cond{nil, sync.NewCond(&mutex), sync.NewCond(&mutex)}
	p := &pair{turn: 1, ended: make(chan bool)}
	await := func(self int) {
		for p.turn != self {
			conds[self].Wait()
		}
	}
	pass := func(to int) {
		p.turn = to
		conds[to].Signal()
	}
	go func() {
		mutex.Lock()
		for {
			await(2)
			if p.stop {
				break
			}
			pass(1)
		}
		mutex.Unlock()
		p.ended <- true
	}()
	mutex.Lock()
	ns := best(batches, func() int {
		for i := 0; i < ops; i++ {
			pass(2)
			await(1)
		}
		return ops
	})
	p.stop = true
	pass(2)
	mutex.Unlock()
	<-p.ended
	return ns
}

func chanUnbuffered() float64 {
	there, back := make(chan uint64), make(chan uint64)
	go func() {
		for value := range there {
			back <- value
		}
	}()
	ns := best(batches, func() int {
		for i := uint64(0); i < ops; i++ {
			there <- i
			if <-back != i {
				panic("wrong value")
			}
		}
		return ops
	})
	close(there)
	return ns
}

func chanBuffered() float64 {
	there, ended := make(chan uint64, room), make(chan bool)
	go func() {
		for range there {
		}
		ended <- true
	}()
	ns := best(batches, func() int {
		for i := uint64(0); i < ops; i++ {
			there <- i
		}
		return ops
	})
	close(there)
	<-ended
	return ns
}

func spawn() float64 {
	return best(batches, func() int {
		ended := 0
		for i := 1; i <= ops/2; i++ {
			go func() { ended++ }()
			for ended != i {
				runtime.Gosched()
			}
		}
		return ops / 2
	})
}

func spawnJoin() float64 {
	return best(batches, func() int {
		var group sync.WaitGroup
		for i := 0; i < ops/2; i++ {
			group.Add(1)
			go group.Done()
			group.Wait()
		}
		return ops / 2
	})
}

// The last one wakes the one that started them all.
func burst(n int) func() float64 {
	return func() float64 {
		return best(bursts, func() int {
			ended, all := 0, make(chan bool, 1)
			for i := 0; i < n; i++ {
				go func() {
					ended++
					if ended == n {
						all <- true
					}
				}()
			}
			<-all
			return n
		})
	}
}

func mutex() float64 {
	var m sync.Mutex
	return best(batches, func() int {
		for i := 0; i < ops; i++ {
			m.Lock()
			m.Unlock()
		}
		return ops
	})
}

func mutexContended() float64 {
	var m sync.Mutex
	held, stop, ended := 0, false, make(chan bool)
	hold := func() {
		m.Lock()
		held++
		runtime.Gosched()
		m.Unlock()
	}
	go func() {
		for !stop {
			hold()
		}
		ended <- true
	}()
	ns := best(batches, func() int {
		before := held
		for i := 0; i < ops; i++ {
			hold()
		}
		return held - before
	})
	stop = true
	<-ended
	return ns
}

func main() {
	runtime.GOMAXPROCS(1)
	chosen := map[string]bool{}
	for _, name := range os.Args[1:] {
		chosen[name] = true
	}
	for _, m := range []struct {
		name string
		run  func() float64
	}{
		{"yield", yield},
		{"park", park},
		{"chan_unbuffered", chanUnbuffered},
		{"chan_buffered", chanBuffered},
		{"spawn", spawn},
		{"spawn_join", spawnJoin},
		{"mutex", mutex},
		{"mutex_contended", mutexContended},
		{"burst_100k", burst(100000)},
		{"burst_500k", burst(500000)},
	} {
		if len(chosen) == 0 || chosen[m.name] {
			fmt.Printf("bench: %s go %.3f\n", m.name, m.run())
		}
	}
}
