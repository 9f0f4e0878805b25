// Runs before the page is drawn: with scripts, the page is an application and not a long document.
document.documentElement.classList.add("js");
export {};
