import { app } from './app.js';
import { log } from './log.js';

app.listen(3000, () => log.info('listening'));
