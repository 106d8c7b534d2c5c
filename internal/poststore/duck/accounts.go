package duck

// accounts numbers the accounts and holds what every batch asks of them.
type accounts struct {
	number  map[uint64]int64 // by hash
	known   []accountState
	handles handles
}

// accountState is what is held in memory of an account.
type accountState struct {
	hash         uint64 // of poststore.AccountKey
	posts        int64  // without deleted ones
	named        int64  // time of the post that names it
	handle, name uint64 // hashes
	folded       uint64 // handleHash of the handle
}

// unnamed is the time of an account that no post has named.
const unnamed = always

func newAccounts() *accounts {
	return &accounts{number: make(map[uint64]int64), handles: handles{head: make(map[uint64]int32)}}
}

// accountChange is an account as a batch leaves it.
type accountChange struct {
	accountState
	no           int64
	platform, id string
	// handleText and nameText are the names where the batch changed them.
	handleText, nameText string
	setHandle, setName   bool
	// keep says that named must be written, since it cannot be derived from
	// the posts at opening.
	keep bool
	// fresh says that the account is new.
	fresh bool
}
