// The rules page is complete as it is; only its times become the reader's own.

import { localTimes } from "./page/times";

localTimes();
