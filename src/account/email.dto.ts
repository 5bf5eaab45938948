import { ApiProperty } from '@nestjs/swagger';
import { Email, Required, StorableText, Text } from '../platform/validation/fields.decorator.js';

/** The caller's password, and the address that they want. */
export class EmailChangeDto {
  @ApiProperty({ format: 'password', example: 'mySecur€Password!' })
  @Required()
  @Text()
  @StorableText()
  password!: string;

  @ApiProperty({ format: 'email', maxLength: 254, example: 'new@example.com' })
  @Required()
  @Text()
  @Email()
  email!: string;
}

/** A one-time token. */
export class EmailTokenDto {
  @ApiProperty({ example: 'q0kRh1JmO2bV8dXeYw3uTzPn5sLfGc7aIi4oKt6EvMU', description: 'From the mail.' })
  @Required()
  @Text()
  token!: string;
}

/** Taken note of: what comes of it is told by mail, and by nothing else. */
export class EmailChangeBody {
  @ApiProperty({ example: 'A mail tells what to do next.' })
  message!: string;
}
