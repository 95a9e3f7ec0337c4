"""Plain questions, and sentences that say nothing to the purpose. The last two questions are held out."""

ASKS = (
    "how many {noun} does {owner} {have}{now}",
    "what is the number of {noun} that {owner} {has}{now}",
    "how many {noun} is that for {whom}",
    "{owner} {has} how many {noun}{now}",
    "what number of {noun} does {owner} {have}{now}",
    "how many {noun} are there for {whom}{now}",
    "how many {noun} come to {whom} in all",
    "for {whom}, how many {noun} is it",
    "how many {noun} are what {owner} {has}{now}",
    "what is the number of {noun} for {whom}{now}",
    "how many {noun} in all does {owner} {have}{now}",
    "for {whom}, what is the number of {noun}",
)
HELD_ASKS = 2
CONTEXTS = (
    "It is a wet afternoon and the whole class stays inside.",
    "The village holds its summer fair on the green by the river.",
    "Everybody at the club keeps a careful count this season.",
    "The school is getting ready for the open day next week.",
    "A few neighbours meet in the old barn after supper.",
    "The little shop at the corner has just opened its doors.",
    "There is a long table in the hall, and everything is laid out on it.",
    "Nobody wants to go home before the counting is done.",
    "The library runs a quiet contest during the winter months.",
    "On the farm behind the hill, the harvest has begun.",
    "The team writes all of its results on a board by the door.",
    "Some friends compare notes while they wait for the bus.",
    "The weather has been kind, so there is plenty to do outdoors.",
    "At the harbour, the market is open until the evening.",
    "The workshop is busy, and the teacher asks for a tidy report.",
    "A local paper wants to print the figures on its back page.",
    "The holidays have started, and the children plan their days.",
    "An aunt who likes numbers asks about all of it at breakfast.",
    "The garden society keeps records that go back a long time.",
    "Before the train leaves, there is time to go over the list.",
    "Rain is on the way, so the group works a little faster.",
    "The museum lends out its back room for the occasion.",
    "Everyone agreed on the rules before the start.",
    "The baker next door has promised a cake for the best keeper of accounts.",
)
BOXES = ("chests", "pouches", "drawers", "tins", "packets")
