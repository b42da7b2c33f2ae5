// Before the page is drawn: dark or light, as it was chosen here, else as the system says.
"use strict";
const chosen = localStorage.getItem("traced-theme");
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
document.documentElement.dataset.scripts = "on";
