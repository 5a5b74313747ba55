package server

import "strings"

// A demoPerson is one of the people of the demonstration. They are the same in
// every run: names in many scripts, some written from right to left, one that
// is very long, one that is a single word, one account that is shut.
type demoPerson struct {
	key           string // of the e-mail address and the user name
	given, family string
	title, unit   string
	shut          bool
}

func (p demoPerson) doc(domain string) map[string]any {
	name := map[string]any{"givenName": p.given}
	if p.family != "" {
		name["familyName"] = p.family
	}
	mail := p.key + "@" + domain
	return map[string]any{
		"schemas":     []string{userSchema, enterpriseSchema},
		"userName":    mail,
		"externalId":  "demo-" + p.key,
		"name":        name,
		"displayName": strings.TrimSpace(p.given + " " + p.family),
		"title":       p.title,
		"active":      !p.shut,
		"emails": []map[string]any{
			{"value": mail, "type": "work", "primary": true},
			{"value": p.key + "@home.example", "type": "home"},
		},
		enterpriseSchema: map[string]any{"department": p.unit, "organization": domain},
	}
}

const enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

const longName = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessen" +
	"schafewarenwohlgepflegeundsorgfaltigkeitbeschutzen"

var demoPeople = []demoPerson{
	{"ann.arden", "Ann", "Arden", "Managing Director", "Board", false},
	{"bjorn.ostergard", "Bjørn", "Østergård", "Head of Engineering", "Engineering", false},
	{"zoe.angstrom", "Zoë", "Ångström", "Staff Engineer", "Engineering", false},
	{"sean.omalley", "Seán", "O’Malley", "Engineer", "Engineering", false},
	{"francoise.lefevre", "Françoise", "Lefèvre", "Engineer", "Engineering", false},
	{"lukasz.wozniak", "Łukasz", "Woźniak", "Engineer", "Engineering", false},
	{"anna.svobodova", "Anna", "Svobodová", "Engineer", "Engineering", false},
	{"maria.gonzalez", "María José", "González Pérez", "Head of Sales", "Sales", false},
	{"joao.silva", "João", "da Silva", "Account Manager", "Sales", false},
	{"gudrun.jonsdottir", "Guðrún", "Jónsdóttir", "Account Manager", "Sales", false},
	{"istanbul.isik", "Işıl", "Işık", "Account Manager", "Sales", false},
	{"nguyen.minh", "Minh", "Nguyễn Thị", "Account Manager", "Sales", false},
	{"olga.ivanova", "Ольга", "Иванова", "Engineer", "Engineering", false},
	{"taras.shevchenko", "Тарас", "Шевченко", "Engineer", "Engineering", false},
	{"dragana.petrovic", "Драгана", "Петровић", "Designer", "Design", false},
	{"eleni.papadopoulou", "Ελένη", "Παπαδοπούλου", "Designer", "Design", false},
	{"odysseus.laertiadis", "Ὀδυσσεύς", "Λαερτιάδης", "Designer", "Design", false},
	{"fatima.alzahra", "فاطمة", "الزهراء", "Head of Support", "Support", false},
	{"omar.khayyam", "عمر", "خیام", "Support Engineer", "Support", false},
	{"noa.cohen", "נועה", "כהן", "Support Engineer", "Support", false},
	{"dana.levi", "דנה", "לוי", "Support Engineer", "Support", false},
	{"wang.xiaoming", "小明", "王", "Engineer", "Engineering", false},
	{"li.na", "娜", "李", "Engineer", "Engineering", false},
	{"tanaka.haruto", "陽翔", "田中", "Engineer", "Engineering", false},
	{"sato.sakura", "さくら", "佐藤", "Designer", "Design", false},
	{"kim.minjun", "민준", "김", "Engineer", "Engineering", false},
	{"priya.sharma", "प्रिया", "शर्मा", "Engineer", "Engineering", false},
	{"anjali.iyer", "அஞ்சலி", "ஐயர்", "Engineer", "Engineering", false},
	{"somchai.jaidee", "สมชาย", "ใจดี", "Support Engineer", "Support", false},
	{"nino.beridze", "ნინო", "ბერიძე", "Accountant", "Finance", false},
	{"ani.petrosyan", "Անի", "Պետրոսյան", "Accountant", "Finance", false},
	{"abebe.kebede", "አበበ", "ከበደ", "Accountant", "Finance", false},
	{"sukarno", "Sukarno", "", "Controller", "Finance", false},
	{"hubert.long", "Hubert Blaine", longName, "Archivist", "Finance", false},
	{"emoji.fan", "Robin 🦊", "Fuchs", "Intern", "Design", false},
	{"mc.donald", "Mc", "Donald-Smith Jr.", "Recruiter", "People", false},
	{"aroha.ngata", "Āroha", "Ngata", "Recruiter", "People", false},
	{"kealoha.kahananui", "Kealoha", "Kahananui-ʻĀina", "Head of People", "People", false},
	{"null.island", "Null", "Island", "Tester", "Engineering", false},
	{"gone.away", "Gone", "Away", "Former Engineer", "Engineering", true},
}

// A demoTeam is a group; a member is the key of a person or the name of a group
// above it in the list.
type demoTeam struct {
	name    string
	members []string
}

var demoTeams = []demoTeam{
	{"Platform", []string{"zoe.angstrom", "sean.omalley", "lukasz.wozniak", "wang.xiaoming", "kim.minjun"}},
	{"Apps", []string{"francoise.lefevre", "anna.svobodova", "olga.ivanova", "tanaka.haruto", "priya.sharma", "null.island"}},
	{"Data", []string{"taras.shevchenko", "li.na", "anjali.iyer"}},
	{"Engineering", []string{"Platform", "Apps", "Data", "bjorn.ostergard"}},
	{"Design", []string{"dragana.petrovic", "eleni.papadopoulou", "odysseus.laertiadis", "sato.sakura", "emoji.fan"}},
	{"Product", []string{"Engineering", "Design"}},
	{"Sales", []string{"maria.gonzalez", "joao.silva", "gudrun.jonsdottir", "istanbul.isik", "nguyen.minh"}},
	{"الدعم · Support", []string{"fatima.alzahra", "omar.khayyam", "noa.cohen", "dana.levi", "somchai.jaidee"}},
	{"Everyone", []string{"Product", "Sales", "الدعم · Support", "ann.arden", "sukarno", "hubert.long", "mc.donald", "aroha.ngata",
		"kealoha.kahananui", "nino.beridze", "ani.petrosyan", "abebe.kebede"}},
	{"Nobody yet", nil},
}
