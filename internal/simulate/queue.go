package simulate

// eventKind says what happens.
type eventKind uint8

const (
	accountActs   eventKind = iota // who: account, next ordinary post
	outletWrites                   // who: outlet, next article
	articleIsSet                   // who: outlet, arg: number of the set article
	scriptIsDue                    // who: account, script: what to post
	goesViral                      // a viral moment begins
	communityActs                  // who: community
	operationActs                  // who: operation, arg: phase
)

// event is something that will happen.
type event struct {
	at     int64
	order  uint64 // of scheduling, for events of the same time
	script *script
	who    int32
	arg    int32
	kind   eventKind
}

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.order < o.order
}

// queue is a heap of events with four children to a node.
type queue struct {
	events []event
	order  uint64
}

func (q *queue) push(e event) {
	q.order++
	e.order = q.order
	q.events = append(q.events, e)
	i := len(q.events) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !e.before(&q.events[parent]) {
			break
		}
		q.events[i] = q.events[parent]
		i = parent
	}
	q.events[i] = e
}

func (q *queue) pop() (event, bool) {
	if len(q.events) == 0 {
		return event{}, false
	}
	top := q.events[0]
	n := len(q.events) - 1
	last := q.events[n]
	q.events[n] = event{}
	q.events = q.events[:n]
	if n == 0 {
		return top, true
	}
	i := 0
	for {
		child := 4*i + 1
		if child >= n {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, n); c++ {
			if q.events[c].before(&q.events[least]) {
				least = c
			}
		}
		if !q.events[least].before(&last) {
			break
		}
		q.events[i] = q.events[least]
		i = least
	}
	q.events[i] = last
	return top, true
}
