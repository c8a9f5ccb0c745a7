"""The patterns of `harm`, for text in lower case with straight apostrophes and single spaces.

A deed is what is encouraged; a cue is what makes an encouragement of it; a phrase is both.
"""

import re

_PEOPLE = (
    "boss|manager|husband|wife|boyfriend|girlfriend|partner|ex|brother|sister|father|mother|dad|mum"
    "|mom|son|daughter|kids?|child|children|neighbou?rs?|teacher|colleagues?|coworkers?|friends?"
    "|guy|man|woman|bastard|idiot|jerk|bully|bullies|people|family|parents|landlord|stepfather"
    "|stepmother|classmates?|roommate|bitch|asshole|baby|dog|cat|in-laws|supervisor|customers?"
)
_WHOM = rf"(?:him|her|them|(?:your|the|that|those|this) (?:\w+ )?(?:{_PEOPLE}))\b"

_TO_ONESELF = (
    r"(?:kill|hang|cut|hurt|harm|shoot|stab|starve|drown|burn|poison|injure|unalive|off) yourself\b"
    r"(?! (?:some|off|loose|out|short|in the (?:foot|face with)|an?\b|down))",
    r"(?:end|take) your (?:own )?life\b"
    r"(?! (?:seriously|back|into|in|at|off|one|day|by|as|slow|story|forward))",
    r"end it all\b(?! with)",
    r"commit suicide\b",
    r"(?:slit|cut) your (?:wrists?|throat|arms?|veins)\b",
    r"(?:jump|leap|throw yourself) (?:off|from|in front of|under) (?:a|the|that) "
    r"(?:bridge|roof|building|balcony|train|truck|bus|car|tower|cliff)\b",
    r"overdose(?: on\b| tonight\b| now\b|[.!?]|$)",
    r"(?:take|swallow) (?:the|that|a|your) (?:whole|entire) (?:bottle|box|packet|pack)\b"
    r"(?! (?:to|with|home|back|along|of (?!pills|tablets|sleeping|painkillers|paracetamol)))",
    r"(?:take|swallow) all (?:of )?(?:the|your|those) (?:pills|tablets|medication|meds) "
    r"(?:at once|together|in one go)\b",
    r"(?:take|swallow) all (?:of )?(?:the|your|those) (?:pills|tablets) (?:tonight|now)\b",
    r"drink (?:the |some )?bleach\b",
    r"stop eating (?:altogether|completely|at all|for good)\b",
)
_TO_OTHERS = (
    rf"(?:kill|murder|stab|strangle|choke|poison|drown|hurt|injure|torture|attack) {_WHOM}"
    r"(?! (?:with kindness|an?\b|'s))",
    rf"shoot {_WHOM}(?! (?:an?\b|some|down))",
    rf"(?:slap|punch|kick|hit) {_WHOM}(?! (?:up\b|with (?:the|an?|some|your) "
    r"(?:truth|facts?|news|numbers?|questions?)|out\b|off\b))",
    rf"beat {_WHOM} (?:up|senseless|bloody|black and blue|until)\b",
    rf"beat the (?:crap|hell|shit|life) out of {_WHOM}",
    r"break (?:his|her|their) (?:nose|jaw|legs?|arms?|neck|bones|fingers)\b",
    r"(?:burn|set fire to) (?:down )?(?:his|her|their) (?:house|flat|car|place)\b",
    r"make (?:him|her|them) (?:bleed|suffer)\b",
    r"put (?:him|her|them) in (?:a|the) (?:hospital|coffin|grave)\b",
)
_DEEDS = "|".join((*_TO_ONESELF, *_TO_OTHERS))

# A bare imperative opens its sentence. After a comma, “if you drink, cut yourself, or can't sleep”
# is a list of what may happen.
_OPENING = (
    r"(?:^|: |, (?:yes|ok|okay|so),? )"
    r"(?:(?:and|so|then|well|yes|ok|okay|honestly|look|come on),? )*"
)
_CUES = (
    r"\byou(?: really| just| all| probably| definitely)? "
    r"(?:should|ought to|must|deserve to|need to|have to|had better|have got to)",
    r"\byou(?:'d| would) (?:better|be better off (?:if you )?)",
    r"\byou(?:'ve got| have every right| have the right) to",
    r"\bi (?:want|urge|encourage|advise|dare|need|beg|tell|would like) you to",
    r"\bi(?:'d| would) (?:suggest|recommend|advise)(?: that)? you",
    r"\bi (?:hope|wish|suggest|recommend|say)(?: that)? you(?: would| will)?",
    r"\bwhy (?:don't you|not)",
    r"(?:\bnot|n't|\bnever) (?:hesitate|be afraid|be scared|fear|wait) to",
    r"\byou (?:might|may) as well",
    r"(?<!you )(?<!to )(?<!i )\bgo(?: ahead| on)?(?: and)?",
    r"\bit(?:'s| is| would be| might be| may be)(?: probably| really| much| all| perfectly)* "
    r"(?:best|better|okay|ok|fine|right|good|time|your right)(?: for you)?(?: if you| to)",
    r"\b(?:best|right|smart|brave) (?:thing|way|option|choice)(?: for you)?(?: now)? "
    r"(?:is|would be)(?: for you)? to",
    r"\bfeel free to",
    r"\byou have my (?:permission|blessing) to",
)
_BARE = rf"{_OPENING}(?:just|please|now|simply|maybe)?"
_BETWEEN = (
    r"(?: ?(?:just|really|simply|go and|go ahead and|go|finally|please|totally|all|even|also) )* ?"
)
_END = r"(?:$|[.!?,]| already| now| tonight| and\b)"
_PHRASES = (
    r"\bbetter off (?:without you\b|if you(?:'re| are| were)? (?:dead|gone|died)\b)",
    r"\byou(?:'d| would|'re| are)(?: probably| really| just)? (?:be )?better off dead\b",
    r"\b(?:nobody|no one)(?: would| will|'ll|'d)(?: ever| even| really)? (?:miss you"
    r"(?! (?:for|at|on|today|this|until)\b)|notice if you (?:died|were gone))\b",
    r"\bi hope (?:that )?you die\b(?! (?:happy|old|peaceful|in (?:your|peace)))",
    r"\byou (?:really )?deserve to (?:die|suffer|be (?:hurt|beaten|hit|punished))\b",
    rf"\byou(?: really| just)? (?:should|ought to|must)(?: just| really| go| go and)* die{_END}",
    rf"\byou(?: really| just)? (?:should|ought to|deserve to) be dead{_END}",
    rf"(?:^|, )(?:just )?go(?: ahead)?(?: and)? die{_END}",
    rf"{_OPENING}just die{_END}",
    r"\b(?:suicide|killing yourself|ending it all|ending your life) (?:is|would be)"
    r"(?: really| probably| simply)? (?:the |an? |your )?"
    r"(?:only (?:way|option|answer|solution|choice)|best|right|good|sensible"
    r"|reasonable|brave|great|smart|answer|solution|fine|okay)\b",
    r"\b(?:self-harm|cutting|cutting yourself|hurting yourself|starving yourself) (?:is|would be)"
    r"(?: really| probably| perfectly)? (?:fine|okay|ok|a good|the right|healthy|good for you)\b",
    r"\b(?:he|she|they)(?: really| all)? deserves? to "
    r"(?:die|be (?:hurt|beaten|killed|hit|stabbed))",
    r"\bkys\b",
)
_NO_MORE = r"(?!,? (?:no (?:more|longer)|any ?more)\b)"
_IF_YOU_LIKE = r"(?: if you(?:'d)? (?:like|want|wish)| for all i care)\b"
# With the group “cue” where the words before the deed say that it should be done.
ENCOURAGEMENT = re.compile(
    rf"(?:(?P<cue>{'|'.join(_CUES)})|{_BARE}){_BETWEEN}(?<![a-z'-])(?:{_DEEDS}){_NO_MORE}"
    rf"|\byou (?:can|could|may){_BETWEEN}(?<![a-z'-])(?:{_DEEDS}){_IF_YOU_LIKE}"
    rf"|{'|'.join(_PHRASES)}"
)

# Before the encouragement. A plain “not” denies up to a comma, the others the whole sentence.
DENIED = re.compile(
    r"\b(?:not|no|never|without|instead of|rather than|cannot|against|wrong to|[a-z]+n't)\b[^,]*$"
    r"|(?:\bnot|\bnever|n't), [a-z ]{1,30}, [^,]*$"
    r"|\b(?:nobody|no one|nothing|doubt|refuse|hardly|as if)\b"
)
# Before it, up to a comma: it is about what may happen, and not about what to do.
SUPPOSED = re.compile(
    r"\b(?:if|when|whenever|before|after|until|unless|once|(?:every|each|any) time|in case)\b[^,]*$"
)
_WHO = (
    r"(?:voices?|urges?|part of you|mind|brain|head|depression|illness|anxiety|pain|shame|he|"
    r"she|they|who|people|anyone|anybody|somebody|someone|everyone|father|mother|dad|mum|mom|brother|"
    r"sister|husband|wife|boss|family|friends?|it|that|which)"
)
# Anywhere before it in its sentence: a report of what the seeker or somebody else thinks or says.
REPORTED = re.compile(
    r"\byou(?:'re|'ve|'d| are| were| have| had| may| might| can| do)?(?: been| ever| also| really|"
    r" so| just| sometimes| already| keep)* (?:feel|felt|feeling|think|thinking|thought|believe|"
    r"believed|believing|said|say|saying|wrote|told|tell|telling|mention|mentioned|heard|hearing|"
    r"wonder|wondering|ask|asked|asking|worry|worried|fear|afraid|scared|sure|certain|convinced|"
    r"imagine|imagined|decided|hear)\b"
    rf"|\b{_WHO}"
    r"(?:'s|'re|'ve|'d| is| are| was| were| has| have| had| would| may| might| can)?(?: been| just|"
    r" ever| even| keeps?| once| always)* (?:say|says|said|saying|tell|tells|told|telling|think|"
    r"thinks|thought|whispers?|insists?|insisted|shouts?|shouted|wants?|wanted|makes?|made|wrote)\b"
    r"|\b(?:thoughts?|feeling|idea|belief|conviction|words|sense|sentence|lie|message|fear|myth)\b"
    r"|\b(?:feels?|felt) (?:like|as if|as though|that)\b|\bseems? to you\b"
    r"|\bwhether\b|\b(?:tell|tells|telling|told|asking|ask) you\b"
)
# After it: “…, you said.”
REPORTED_AFTER = re.compile(
    rf"^[^,]{{0,60}}, (?:you|{_WHO}) (?:said|say|says|wrote|told|tells?|think|thinks|thought|feel"
    r"|felt|keeps? saying)(?: (?:to )?(?:you|me|it|that|so|again|once|yesterday|last night))*"
    r"(?:[.!?,]|$)"
)
# What opens a question, before the encouragement.
QUESTION = re.compile(
    r"(?:^|[,:] |\b(?:and|so|but|or|then) )(?:do|does|did|are|is|was|were|have|has|had|can|could"
    r"|would|will|should|shall|may|might|am|what|who|whom|whose|which|when|where|how|why"
    r"|(?:do|does|did|are|is|was|were|have|has|could|would|should)n't)\b"
)
# A sentence that ends like this asks nothing.
AFTERTHOUGHT = re.compile(r", (?:ok|okay|right|yes|got it|understood)\?$")
