import { mount } from "svelte";

import App from "./App.svelte";
import { keep } from "./keeping";
import "./ui/theme.css";

mount(App, { target: document.getElementById("app")! });

void keep();
