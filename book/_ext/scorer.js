// Order of what the search finds: chapters and their sections first, then the glossary, names of the API last.
var Scorer = {
  score: function (result) {
    var page = result[0], score = result[4];
    if (page.indexOf("book/appendix/api/") === 0) return score - 40;
    if (/(quiz|references|status|parity|comparison|errata)$/.test(page)) return score - 10;
    if (result[1].indexOf(" > ") > 0) score += 30; // a section that is called what was asked
    if (page === "book/how_to_use") return score + 40; // it speaks of little else than what is asked
    if (page.indexOf("notebooks/") !== 0) return score;
    return score + (page.indexOf("/foundations/") > 0 ? 26 : 20);
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 30,
  partialTitle: 7,
  term: 5,
  partialTerm: 2
};
