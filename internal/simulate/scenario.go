package simulate

import "time"

// Scenario is a world to play: who posts, about what, and what is planted.
// Load and Parse make valid ones; a caller may then change Seed, Scale and
// Shift before Run.
type Scenario struct {
	// Name is the file's name without folder and extension.
	Name string
	// Title and Description say what the scenario is, by language of the
	// reader ("ja", "en").
	Title, Description map[string]string
	// Seed fixes every draw.
	Seed uint64
	// Start is when the first post may appear; Days is how long it runs.
	Start time.Time
	Days  int

	Population  []Population
	Topics      []Topic
	Outlets     []Outlet
	Viral       Viral
	Communities []Community
	Operations  []Operation

	// Scale multiplies the ordinary accounts and the size of viral moments;
	// planted operations, outlets and communities stay as they are. Zero
	// means 1.
	Scale float64
	// Shift moves every post in time. Whole weeks keep the weekdays true.
	Shift time.Duration
}

// End is when the scenario ends, before Shift.
func (s *Scenario) End() time.Time { return s.Start.AddDate(0, 0, s.Days) }

// Population is a set of ordinary accounts that share a language and a day.
type Population struct {
	// Lang is the language of the posts.
	Lang string
	// Accounts is how many there are.
	Accounts int
	// Platforms holds the share of accounts on each platform.
	Platforms []Share
	// PostsPerDay is the mean over accounts; a few post much, most little.
	PostsPerDay float64
	// UTCOffset is the local clock's distance from UTC.
	UTCOffset time.Duration
}

// Share is a name with a weight.
type Share struct {
	Name   string
	Weight float64
}

// Topic is something that people post about.
type Topic struct {
	Name string
	// Bank names the built-in phrases used; empty for none.
	Bank string
	// Weight is how often ordinary accounts take the topic up, by language.
	Weight map[string]float64
	// Hashtags, Texts, Headlines and Words add to the bank, by language;
	// Words hold the values of slots.
	Hashtags, Texts, Headlines map[string][]string
	Words                      map[string]map[string][]string
	// Surges are times when the topic is on everyone's mind.
	Surges []Surge
}

// Surge multiplies the weight of a topic for a while.
type Surge struct {
	From, Until time.Time
	Factor      float64
}

// Outlet is an editorial entity that publishes articles on its domain and
// posts each one through its own accounts within seconds.
type Outlet struct {
	Name, Lang, Domain string
	ArticlesPerDay     float64
	// Topics are those it writes on; empty means all.
	Topics []string
	// Feeds are the platforms of its accounts; one may stand twice.
	Feeds []string
	// Reach is the typical number of people who share an article.
	Reach float64
	// Articles are those with a set time.
	Articles []Article
}

// Article is a piece that an outlet publishes at a set time.
type Article struct {
	At       time.Time
	Topic    string
	Headline string
	// Text is what the outlet's accounts post; the headline when empty.
	Text string
	// Shares is how many ordinary accounts pass it on; Median is how long
	// half of them take.
	Shares int
	Median time.Duration
}

// Viral describes the moments when many ordinary accounts pass on the same
// post or article within minutes.
type Viral struct {
	PerDay   float64
	Min, Max int
	Median   time.Duration
}

// CommunityKind is a kind of honest accounts that act together.
type CommunityKind string

// The kinds of communities.
const (
	// AlertBots are declared automatic accounts that post the same alert.
	AlertBots CommunityKind = "alert-bots"
	// FanCampaign is a fan community that takes up hashtags at set times.
	FanCampaign CommunityKind = "fan-campaign"
)

// Community is a set of honest accounts that act together: a trap for
// detectors, named as such in the truth.
type Community struct {
	Name      string
	Kind      CommunityKind
	Lang      string
	Accounts  int
	Platforms []string
	// PerDay is how often they act; Share is how many of them do each time
	// and Window how long that takes.
	PerDay float64
	Share  float64
	Window time.Duration
	// PostsPerDay is each account's ordinary activity beside it.
	PostsPerDay float64
	UTCOffset   time.Duration
	Texts       []string
	Hashtags    []string
	Links       []string
}

// OperationType is a way in which planted accounts act together.
type OperationType string

// The types of operations.
const (
	// CoLink: accounts post the same address within seconds to minutes.
	CoLink OperationType = "co-link"
	// Copypasta: accounts post the same text word for word.
	Copypasta OperationType = "copypasta"
	// Spun: accounts post one text with words exchanged for synonyms.
	Spun OperationType = "spun"
	// HashtagFlood: accounts post one sequence of hashtags with changing
	// texts and no reposts.
	HashtagFlood OperationType = "hashtag-flood"
	// RepostRing: accounts repost what the seed accounts post, in seconds.
	RepostRing OperationType = "repost-ring"
	// CrossPlatform: one message appears on several platforms.
	CrossPlatform OperationType = "cross-platform"
	// Slow: few posts a day, the same address and spun text, with delays of
	// minutes to hours.
	Slow OperationType = "slow"
)

// Operation is a planted set of accounts that act together.
type Operation struct {
	Name        string
	Type        OperationType
	Description map[string]string
	Accounts    int
	Platforms   []string
	Langs       []string
	// Camouflage is each account's ordinary-looking posts per day.
	Camouflage float64
	// Seeds is the number of accounts that a repost ring reposts.
	Seeds int
	// FromHour and UntilHour bound the working day on the local clock at
	// UTCOffset; Weekends says whether they work then.
	FromHour, UntilHour int
	UTCOffset           time.Duration
	Weekends            bool
	Phases              []Phase
}

// Phase is a stretch of an operation.
type Phase struct {
	Name        string
	From, Until time.Time
	// PushesPerDay is how often accounts act together; Share is how many of
	// them do each time, within Window.
	PushesPerDay float64
	Share        float64
	Window       time.Duration
	// Variation is the share of copies that differ in their last characters.
	Variation float64
	Texts     map[string][]string
	Links     []string
	Hashtags  map[string][]string
	// Image names a picture that the posts carry.
	Image string
}
