package main

import (
	"fmt"
	"math/rand/v2"
)

// URNs of the schemas that the generated resources use.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	bulkURN       = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
)

// A people makes users: user i of one seed is the same on every machine.
type people struct{ seed uint64 }

// A name is written in its own script and, for the user name, in ASCII.
type name struct{ script, ascii string }

// A script is names of one writing system with a locale that uses it.
type script struct {
	locale, zone  string
	given, family []name
}

var scripts = []script{
	{"en-GB", "Europe/London",
		[]name{{"Alice", "alice"}, {"Oliver", "oliver"}, {"Charlotte", "charlotte"}, {"Maximilian", "maximilian"}},
		[]name{{"Smith", "smith"}, {"Martindale", "martindale"}, {"O’Connor", "oconnor"}, {"Featherstonehaugh", "featherstonehaugh"}}},
	{"pl-PL", "Europe/Warsaw",
		[]name{{"Łukasz", "lukasz"}, {"Małgorzata", "malgorzata"}, {"Zbigniew", "zbigniew"}},
		[]name{{"Wiśniewski", "wisniewski"}, {"Brzęczyszczykiewicz", "brzeczyszczykiewicz"}, {"Żak", "zak"}}},
	{"ru-RU", "Europe/Moscow",
		[]name{{"Екатерина", "ekaterina"}, {"Дмитрий", "dmitrii"}, {"Анастасия", "anastasiia"}},
		[]name{{"Иванова", "ivanova"}, {"Достоевский", "dostoevskii"}, {"Щербаков", "shcherbakov"}}},
	{"el-GR", "Europe/Athens",
		[]name{{"Ελένη", "eleni"}, {"Γεώργιος", "georgios"}},
		[]name{{"Παπαδόπουλος", "papadopoulos"}, {"Οικονόμου", "oikonomou"}}},
	{"ar-EG", "Africa/Cairo",
		[]name{{"محمد", "muhammad"}, {"فاطمة", "fatima"}},
		[]name{{"الخطيب", "alkhatib"}, {"عبد الرحمن", "abdalrahman"}}},
	{"he-IL", "Asia/Jerusalem",
		[]name{{"נועה", "noa"}, {"יוסף", "yosef"}},
		[]name{{"כהן", "cohen"}, {"מזרחי", "mizrahi"}}},
	{"hi-IN", "Asia/Kolkata",
		[]name{{"अनन्या", "ananya"}, {"विवेक", "vivek"}},
		[]name{{"शर्मा", "sharma"}, {"चट्टोपाध्याय", "chattopadhyay"}}},
	{"zh-CN", "Asia/Shanghai",
		[]name{{"秀英", "xiuying"}, {"建国", "jianguo"}},
		[]name{{"王", "wang"}, {"欧阳", "ouyang"}}},
	{"ja-JP", "Asia/Tokyo",
		[]name{{"さくら", "sakura"}, {"健太郎", "kentaro"}},
		[]name{{"佐藤", "sato"}, {"長谷川", "hasegawa"}}},
	{"ko-KR", "Asia/Seoul",
		[]name{{"서연", "seoyeon"}, {"민준", "minjun"}},
		[]name{{"김", "kim"}, {"남궁", "namgung"}}},
}

var (
	departments = []string{"Engineering", "Finance", "Human Resources", "Legal", "Logistics", "Marketing", "Procurement", "Research & Development", "Sales", "Support"}
	titles      = []string{"Accountant", "Architect", "Counsel", "Director", "Engineer", "Manager", "Nurse", "Teacher", "Technician", "Vice President"}
	cities      = []string{"Aberdeen", "Busan", "Casablanca", "Düsseldorf", "Gdańsk", "Kraków", "Lisboa", "Montréal", "São Paulo", "Zürich"}
)

// traits are what the random numbers decide about user i.
type traits struct {
	script        script
	given, family name
	rng           *rand.Rand
}

func (p people) traits(i int) traits {
	rng := rand.New(rand.NewPCG(p.seed, uint64(i)))
	s := scripts[rng.IntN(len(scripts))]
	return traits{s, pick(rng, s.given), pick(rng, s.family), rng}
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// userName is the user name of user i; it is also the address of the work
// e-mail.
func (p people) userName(i int) string {
	t := p.traits(i)
	return fmt.Sprintf("%s.%s.%07d@people.example", t.given.ascii, t.family.ascii, i)
}

// appendUser appends user i as a SCIM document of about 1.5 KB.
func (p people) appendUser(b []byte, i int) []byte {
	t := p.traits(i)
	user := p.userName(i)
	number, house, code, city := t.rng.IntN(9000000)+1000000, t.rng.IntN(200)+1, t.rng.IntN(100000), pick(t.rng, cities)
	return fmt.Appendf(b, `{"schemas":["%s","%s"],"userName":"%s","externalId":"hr-%07d",`+
		`"name":{"formatted":"%s %s","familyName":"%s","givenName":"%s"},`+
		`"displayName":"%s %s","nickName":"%s","profileUrl":"https://people.example/profiles/%07d",`+
		`"title":"%s","userType":"Employee","preferredLanguage":"%s","locale":"%s","timezone":"%s","active":true,`+
		`"emails":[{"value":"%s","type":"work","primary":true},{"value":"%s.%07d@home.example","type":"home"}],`+
		`"phoneNumbers":[{"value":"tel:+44-20-%07d","type":"work"},{"value":"tel:+44-79-%07d","type":"mobile"}],`+
		`"addresses":[{"type":"work","streetAddress":"%d Long Acre, Floor %d","locality":"%s","region":"Region %d","postalCode":"%05d","country":"GB","primary":true},`+
		`{"type":"home","formatted":"%d Mill Lane\\n%s %05d","streetAddress":"%d Mill Lane","locality":"%s","region":"Region %d","postalCode":"%05d","country":"GB"}],`+
		`"photos":[{"value":"https://people.example/photos/%07d/large.jpg","type":"photo"}],`+
		`"%s":{"employeeNumber":"%07d","costCenter":"CC-%04d","organization":"People Example Limited","division":"Division %d","department":"%s"}}`,
		userURN, enterpriseURN, user, i,
		t.given.script, t.family.script, t.family.script, t.given.script,
		t.given.script, t.family.script, t.given.script, i,
		pick(t.rng, titles), t.script.locale, t.script.locale, t.script.zone,
		user, t.given.ascii, i, number, number+1,
		t.rng.IntN(300)+1, t.rng.IntN(12), pick(t.rng, cities), t.rng.IntN(20), t.rng.IntN(100000),
		house, city, code, house, city, t.rng.IntN(20), code,
		i, enterpriseURN, i, t.rng.IntN(10000), t.rng.IntN(30), pick(t.rng, departments))
}

// fragment is a piece of some user names, for "co": three to seven letters of a
// family name.
func (p people) fragment(rng *rand.Rand) string {
	family := pick(rng, pick(rng, scripts).family).ascii
	if len(family) > 7 {
		at := rng.IntN(len(family) - 5)
		family = family[at : at+5]
	}
	return family
}
